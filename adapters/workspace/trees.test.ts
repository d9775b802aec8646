import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyTree } from './trees.ts';

describe('a tree that is copied into another one', () => {
  const all = mkdtempSync(join(tmpdir(), 'slipway-trees-'));
  let from: string;
  let to: string;
  let outside: string;

  beforeEach(() => {
    const dir = mkdtempSync(join(all, 'one-'));
    [from, to, outside] = [join(dir, 'from'), join(dir, 'to'), join(dir, 'outside')];
    for (const one of [from, to, outside]) mkdirSync(one);
    writeFileSync(join(outside, 'file'), 'kept');
    utimesSync(join(outside, 'file'), 1, 1);
  });
  afterAll(() => rmSync(all, { recursive: true }));

  it('replaces a link that lies there and writes nothing through it [A-PIPE-04]', async () => {
    symlinkSync(join(outside, 'file'), join(to, 'name'));
    lutimesSync(join(to, 'name'), 1, 1);
    writeFileSync(join(from, 'name'), 'new');
    await copyTree(from, to);
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('kept');
    expect(lstatSync(join(to, 'name')).isFile()).toBe(true);
    expect(readFileSync(join(to, 'name'), 'utf8')).toBe('new');
  });

  it('writes nothing into what a link to a folder leads to', async () => {
    symlinkSync(outside, join(to, 'dir'));
    mkdirSync(join(from, 'dir'));
    writeFileSync(join(from, 'dir', 'file'), 'new');
    await copyTree(from, to).catch(() => undefined);
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('kept');
  });

  it('keeps links as they are, and what is newer there', async () => {
    symlinkSync('none', join(from, 'link'));
    writeFileSync(join(from, 'both'), 'old');
    utimesSync(join(from, 'both'), 1, 1);
    writeFileSync(join(to, 'both'), 'new');
    await copyTree(from, to);
    expect(readlinkSync(join(to, 'link'))).toBe('none');
    expect(readFileSync(join(to, 'both'), 'utf8')).toBe('new');
  });
});
