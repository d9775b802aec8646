import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { serveStepFetches } from './serve-step.ts';

describe('what a step fetches', () => {
  it('is broken off where the step takes nothing of it, so that others have its place [A-PIPE-04]', async () => {
    const pack = new Readable({
      read() {
        this.push(Buffer.alloc(64 * 1024));
      },
    });
    const store = { advertise: () => pack, uploadPack: () => Promise.resolve(pack) };
    const repository = { repoPath: 'a/b.git', fullName: 'a/b', cloneUrl: 'x', whose: 'p' };
    const fetches = serveStepFetches(store, repository, () => undefined, 50);
    const door = createServer((socket) => fetches.connect(socket));
    await once(door.listen(0, '127.0.0.1'), 'listening');
    const step = connect((door.address() as AddressInfo).port, '127.0.0.1');
    step.on('error', () => undefined);
    step.write(
      `GET /a/b.git/info/refs?service=git-upload-pack HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${fetches.token}\r\n\r\n`,
    );
    await new Promise((resolve) => pack.once('close', resolve));
    expect(pack.destroyed).toBe(true);
    step.destroy();
    fetches.close();
    door.close();
  });
});
