import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { writeAtomically } from './stamps.mjs';

describe('a file that is written atomically', () => {
  it('is whole when two parts of one build write it at the same time [A-CORE-13]', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'slipway-stamps-'));
    const file = path.join(folder, 'shared.wasm');
    const content = Buffer.alloc(1_000_000, 'x');
    try {
      await Promise.all(Array.from({ length: 20 }, () => writeAtomically(file, content)));
      expect((await readFile(file)).equals(content)).toBe(true);
      expect(await readdir(folder)).toEqual(['shared.wasm']);
    } finally {
      await removeFolder(folder);
    }
  });
});
