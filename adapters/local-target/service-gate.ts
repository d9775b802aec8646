import { spawn } from 'node:child_process';
import type { Server, Socket } from 'node:net';
import { findProgram, trustedPath } from '../sandbox/run-tool.ts';

/**
 * Runs in the network for a moment: a listening socket belongs to the network that it was made in, whoever holds it later,
 * so it is made there and handed to us.
 */
const helper = `
const { createServer } = require('node:net');
let left = Number(process.argv[1]);
for (let index = 0, all = left; index < all; index += 1) {
  const server = createServer();
  server.listen(0, '127.0.0.1', () => {
    process.send({ index, port: server.address().port }, server, () => {
      left -= 1;
      if (left === 0) process.disconnect();
    });
    server.unref();
  });
}
process.once('disconnect', () => process.exit(0));
`;

/** Listens on the loopback address inside of a network, a port for each of `serve`. */
export async function openGate(
  enter: readonly string[],
  serve: readonly ((socket: Socket) => void)[],
): Promise<{ ports: number[]; close(): void }> {
  const nsenter = await findProgram('nsenter');
  if (nsenter === null) throw new Error('nsenter is missing');
  const args = [...enter, '--', process.execPath, '-e', helper, String(serve.length)];
  const child = spawn(nsenter, args, {
    cwd: '/',
    env: { PATH: trustedPath },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ports: number[] = [];
  const servers: Server[] = [];
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await new Promise<void>((resolve) => {
    child.on('message', (message, handle) => {
      const { index, port } = message as { index: number; port: number };
      const server = handle as Server;
      ports[index] = port;
      servers.push(server);
      server.on('connection', (socket) => serve[index]?.(socket));
      server.on('error', () => undefined);
      server.unref();
    });
    child.once('error', () => resolve()).once('exit', () => resolve());
  });
  clearTimeout(timer);
  const close = (): void => servers.forEach((server) => server.close());
  if (servers.length === serve.length) return { ports, close };
  close();
  throw new Error('its network could not be entered');
}
