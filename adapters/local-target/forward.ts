import { createServer, connect } from 'node:net';
import type { OwnPorts } from './host-ports.ts';
import { appsAddress } from './apps-address.ts';

/**
 * Leads a free port of the host's loopback to a port inside of a network, by its slirp4netns.
 * @returns the host's port
 */
export async function addForward(
  apiSocket: string,
  guestPort: number,
  own: OwnPorts,
): Promise<number> {
  for (let attempt = 0; ; attempt += 1) {
    const port = await portForOthers(own);
    const problem = await ask(apiSocket, {
      execute: 'add_hostfwd',
      arguments: {
        proto: 'tcp',
        host_addr: appsAddress,
        host_port: port,
        guest_addr: '10.0.2.100',
        guest_port: guestPort,
      },
    });
    if (problem === null) return port;
    // Somebody else may have taken the port in between.
    if (attempt === 4) throw new Error(`no port could be forwarded: ${problem}`);
  }
}

/** One request a connection; the answer ends with it. Null: it was done. */
function ask(apiSocket: string, request: object): Promise<string | null> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(apiSocket);
    socket.setTimeout(10_000, () => socket.destroy(new Error('slirp4netns does not answer')));
    socket.on('data', (chunk) => (answer += chunk.toString('utf8')));
    socket.on('error', reject);
    socket.on('close', () => resolve(answer.includes('"return"') ? null : answer || 'no answer'));
    socket.end(JSON.stringify(request));
  });
}

/** What the kernel has to give may be a port of ours whose listener is away for a moment. */
async function portForOthers(own: OwnPorts): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (!own.has(port)) return port;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, appsAddress, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}
