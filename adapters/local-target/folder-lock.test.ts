import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lockFolder } from './folder-lock.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-lock-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('the lock of the local target', () => {
  it('is held by one at a time, and can be had again when it was let go', async () => {
    const first = await lockFolder(root);
    await expect(lockFolder(root)).rejects.toMatchObject({ code: 'conflict' });
    await first.release();
    const second = await lockFolder(root);
    await second.release();
  });

  it('goes with a process that is killed', async () => {
    const script = `exec 9>>"$1/lock"; flock -n 9 && echo held; exec sleep 600`;
    const holder = spawn('sh', ['-c', script, 'sh', root], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(holder, 'exit');
    try {
      await once(holder.stdout, 'data');
      await expect(lockFolder(root)).rejects.toMatchObject({ code: 'conflict' });
    } finally {
      holder.kill('SIGKILL');
      await ended;
    }
    await (await lockFolder(root)).release();
  });

  it('is no name that another account could hold: it lies in the folder, which is ours [A-SEC-01]', async () => {
    const { dev, ino } = await stat(root);
    const others = createServer();
    const name = `\0slipway-local-target-${String(dev)}-${String(ino)}`;
    await new Promise<void>((resolve) => others.listen(name, resolve));
    const lock = await lockFolder(root);
    expect((await stat(join(root, 'lock'))).mode & 0o777).toBe(0o600);
    await lock.release();
    await new Promise((resolve) => others.close(resolve));
  });
});
