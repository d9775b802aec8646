import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appsAddress } from './apps-address.ts';
import { addForward } from './forward.ts';

describe('the way from the machine to a replica', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-forward-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('begins at the address of the applications, never at one that people use for the platform', async () => {
    let asked = '';
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('data', (chunk) => (asked += chunk.toString('utf8')));
      socket.on('end', () => socket.end('{"return": {"id": 1}}'));
    });
    const path = join(folder, 'api');
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const port = await addForward(path, 8080, new Map());
    server.close();
    expect(JSON.parse(asked)).toMatchObject({
      arguments: { host_addr: appsAddress, host_port: port, guest_port: 8080 },
    });
    expect(appsAddress).not.toBe('127.0.0.1');
  });
});
