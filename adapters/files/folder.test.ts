import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inFolder } from './folder.ts';

describe('a folder that is written to by names from outside', () => {
  const all = mkdtempSync(join(tmpdir(), 'slipway-folder-'));
  let root: string;
  let outside: string;

  beforeEach(() => {
    const dir = mkdtempSync(join(all, 'one-'));
    root = join(dir, 'root');
    outside = join(dir, 'outside');
    for (const one of [root, outside]) mkdirSync(one);
  });
  afterAll(() => rmSync(all, { recursive: true }));

  const outsides = (): string[] => readdirSync(outside);

  it('takes files and folders beneath it, and makes what is missing on the way', async () => {
    const loose = join(root, 'loose');
    writeFileSync(loose, 'moved');
    await inFolder(root, async (folder) => {
      await folder.write('..data', 'odd but plain');
      await folder.write('a/b/file', 'deep', { mode: 0o400 });
      await folder.make('a/c/d', { mode: 0o700 });
      await folder.make('a/c/d');
      const before = process.umask(0o077);
      await folder.make('open').finally(() => process.umask(before));
      await folder.take(loose, 'taken/here');
    });
    expect(readFileSync(join(root, '..data'), 'utf8')).toBe('odd but plain');
    expect(readFileSync(join(root, 'a/b/file'), 'utf8')).toBe('deep');
    expect(statSync(join(root, 'a/b/file')).mode & 0o777).toBe(0o400);
    expect(statSync(join(root, 'a/c/d')).mode & 0o777).toBe(0o700);
    expect(statSync(join(root, 'open')).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(root, 'taken/here'), 'utf8')).toBe('moved');
  });

  it('refuses each path that is not one of plain names below it', async () => {
    const paths = [
      '../probe',
      'a/../../probe',
      '..',
      '.',
      '',
      '/probe',
      'a//b',
      'a/',
      './a',
      'a\0b',
    ];
    await inFolder(root, async (folder) => {
      for (const path of [...paths, 'x'.repeat(256)]) {
        for (const work of [
          () => folder.write(path, 'x'),
          () => folder.make(path),
          () => folder.take(join(root, 'none'), path),
          () => folder.obstacle(path),
        ]) {
          await expect(work()).rejects.toMatchObject({
            code: 'validation_failed',
            message: expect.stringContaining('is no path within the folder'),
          });
        }
      }
    });
    expect(readdirSync(root)).toEqual([]);
  });

  it('follows no link, neither at the end nor on the way', async () => {
    symlinkSync(outside, join(root, 'link'));
    symlinkSync(join(outside, 'none'), join(root, 'dangling'));
    writeFileSync(join(root, 'file'), 'kept');
    await inFolder(root, async (folder) => {
      for (const path of ['link/probe', 'dangling/probe', 'file/probe']) {
        await expect(folder.write(path, 'x')).rejects.toMatchObject({ code: 'validation_failed' });
        await expect(folder.make(path)).rejects.toMatchObject({ code: 'validation_failed' });
      }
      for (const path of ['link', 'dangling', 'file']) {
        await expect(folder.write(path, 'x')).rejects.toMatchObject({ code: 'EEXIST' });
      }
      expect(await folder.obstacle('link/x')).toEqual({ path: 'link', isLink: true });
      expect(await folder.obstacle('file')).toEqual({ path: 'file', isLink: false });
      expect(await folder.obstacle('none/at/all')).toBeNull();
    });
    expect(outsides()).toEqual([]);
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('kept');
  });

  it('stays with the folder that it opened when another one takes its name', async () => {
    await inFolder(root, async (folder) => {
      renameSync(root, `${root}-moved`);
      symlinkSync(outside, root);
      await folder.write('a/probe', 'x');
    });
    expect(outsides()).toEqual([]);
    expect(readFileSync(join(`${root}-moved`, 'a/probe'), 'utf8')).toBe('x');
  });
});
