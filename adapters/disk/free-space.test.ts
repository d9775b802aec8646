import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { spaceProblem } from './free-space.ts';

const folders = [{ name: 'repositories', path: path.join(tmpdir(), 'not', 'there', 'yet') }];

describe('the room that is left', () => {
  it('is enough or told with the number and the folder, by name and not by path [A-HLT-02]', async () => {
    expect(await spaceProblem(folders, { freeMb: 0, freeInodes: 0 })).toBeNull();
    const { bavail, bsize } = statfsSync(tmpdir());
    const least = Math.ceil((bavail * bsize) / 1024 ** 2) + 100_000;
    expect(await spaceProblem(folders, { freeMb: least, freeInodes: 0 })).toMatch(
      /^\d+ (KiB|MiB) of disk left for repositories, less than \d+ MiB \(health\.minFreeMb\)$/,
    );
  });

  it('tells of too few inodes, where the file system has a number of them [A-HLT-02]', async () => {
    const { files } = statfsSync(tmpdir());
    const told = await spaceProblem(folders, { freeMb: 0, freeInodes: files + 1 });
    const words = /^\d+ inodes left for repositories, less than \d+ \(health\.minFreeInodes\)$/;
    expect(told ?? '').toMatch(files > 0 ? words : /^$/);
  });
});
