import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range that the kernel takes the ports of outgoing connections and of `listen(0)` from: nobody is given a port
 * of ours by chance between our look and the moment when it is listened on.
 */
const lowest = 15_000;
const highest = 32_000;
const given = new Set<number>();

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}

/** A TCP port of 127.0.0.1 that nobody listens on right now, never the same one twice. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(lowest, highest);
    if (given.has(port) || !(await canListen(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error('there is no free port');
}
