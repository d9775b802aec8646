import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { watchDisk } from './disk-watch.ts';

const mebibyte = 1024 * 1024;

describe('the disk of a step', () => {
  let large: string;
  let small: string;

  beforeAll(() => {
    large = mkdtempSync(join(tmpdir(), 'slipway-disk-'));
    small = mkdtempSync(join(tmpdir(), 'slipway-disk-'));
    for (let at = 0; at < 70; at += 1) {
      writeFileSync(join(large, String(at)), Buffer.alloc(mebibyte, 1));
    }
    writeFileSync(join(small, 'file'), 'x');
  });
  afterAll(() => {
    for (const dir of [large, small]) rmSync(dir, { recursive: true });
  });

  it('is used up where the machine has too little left and the step has much of it, whatever it may have', async () => {
    const { bavail, bsize } = statfsSync(large);
    const most = 1e15;
    const all = 2 * bavail * bsize;
    expect(await watchDisk(large, most, all)()).toBe(true);
    expect(await watchDisk(small, most, all)()).toBe(false);
    expect(await watchDisk(large, most, mebibyte)()).toBe(false);
    expect(await watchDisk(large, most)()).toBe(false);
  });
});
