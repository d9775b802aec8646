import { spawn } from 'node:child_process';
import type { Socket as Datagrams } from 'node:dgram';
import type { Server } from 'node:net';
import { trustedPath } from './run-tool.ts';

/** A socket to be opened inside of a network. */
export interface InnerSocket {
  kind: 'udp' | 'tcp';
  address: string;
  port: number;
}

type Opened<T extends readonly InnerSocket[]> = {
  [K in keyof T]: T[K]['kind'] extends 'udp' ? Datagrams : Server;
};

/**
 * Runs in the network for a moment: a socket belongs to the network that it was made in, whoever holds it later, so it is
 * made there and handed to us.
 */
const helper = `
const wanted = JSON.parse(process.argv[1]);
let left = wanted.length;
const hand = (index, socket) => process.send(index, socket, () => { left -= 1; if (left === 0) process.disconnect(); });
for (const [index, { kind, address, port }] of wanted.entries()) {
  const udp = kind === 'udp' ? require('node:dgram').createSocket('udp4') : null;
  const tcp = kind === 'tcp' ? require('node:net').createServer() : null;
  udp?.bind(port, address, () => hand(index, udp));
  tcp?.listen(port, address, () => hand(index, tcp));
}
process.once('disconnect', () => process.exit(0));
`;

/** Opens sockets on addresses inside of a network: all of them, in their order, or none. */
export async function openInside<const T extends readonly InnerSocket[]>(
  enter: readonly string[],
  wanted: T,
): Promise<Opened<T>> {
  const args = [...enter, '--', process.execPath, '-e', helper, JSON.stringify(wanted)];
  const child = spawn('nsenter', args, {
    cwd: '/',
    env: { PATH: trustedPath },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const handed = new Map<unknown, Datagrams | Server>();
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await new Promise<void>((resolve) => {
    child.on('message', (index, handle) => handed.set(index, handle as Datagrams | Server));
    child.once('error', () => resolve()).once('exit', () => resolve());
  });
  clearTimeout(timer);
  if (handed.size === wanted.length) {
    for (const socket of handed.values()) socket.unref();
    return wanted.map((_one, index) => handed.get(index)) as Opened<T>;
  }
  for (const socket of handed.values()) socket.close();
  throw new Error('no socket could be opened in it');
}
