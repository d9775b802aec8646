import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkTree } from './image-tree.ts';

describe('the tree of an image', () => {
  const all = mkdtempSync(join(tmpdir(), 'slipway-tree-'));
  let tree: string;

  beforeEach(() => {
    tree = join(mkdtempSync(join(all, 'one-')), 'tree');
    mkdirSync(join(tree, 'sub', 'deep'), { recursive: true });
    writeFileSync(join(tree, 'file'), '');
  });
  afterAll(() => rmSync(all, { recursive: true }));

  const withLinks = (links: Record<string, string>): Promise<void> => {
    for (const [path, to] of Object.entries(links)) symlinkSync(to, join(tree, path));
    return checkTree(tree, 'artifact:app');
  };

  it('may hold links that stay in it, to what is there and to what is not', async () => {
    await withLinks({
      'sub/up': '../file',
      'sub/deep/top': '../..',
      again: 'sub/deep/top/sub/./deep//top/file',
      none: 'sub/none',
      root: '.',
      one: 'two',
      two: 'one',
    });
  });

  it.each([
    ['the root of the machine', { out: '/etc' }],
    ['a folder above', { out: '../beside' }],
    ['a folder above and in again', { 'sub/out': '../../tree/file' }],
    [
      'what is outside by way of a link to the top',
      { 'sub/deep/top': '../..', out: 'sub/deep/top/../beside' },
    ],
    [
      'what is outside by way of a chain',
      { a: 'sub/deep', b: 'a/..', c: 'b/../..', out: 'c/beside' },
    ],
    ['what is outside by way of what is not there', { out: 'none/../../beside' }],
  ])('may hold no link that leads to %s', async (_name, links) => {
    await expect(withLinks(links)).rejects.toMatchObject({
      code: 'validation_failed',
      message: expect.stringContaining('a link that leads out'),
    });
  });

  it('costs no more than its share to check, however long its links are', async () => {
    const links: Record<string, string> = {};
    for (let at = 0; at < 40; at += 1) links[`l${String(at)}`] = `${'sub/../'.repeat(580)}file`;
    for (let at = 0; at < 200; at += 1) {
      links[`m${String(at)}`] = Array.from({ length: 39 }, (_, one) => `l${String(one)}/..`)
        .join('/')
        .replaceAll('/..', '/../.');
    }
    await expect(withLinks(links)).rejects.toThrow('links that lead over too many names');
  });
});
