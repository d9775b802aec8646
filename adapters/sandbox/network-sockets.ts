import { spawn } from 'node:child_process';
import type { Socket as Datagrams } from 'node:dgram';
import type { Server } from 'node:net';
import { trustedPath } from './run-tool.ts';

/**
 * Runs in the network for a moment: a socket belongs to the network that it was made in, whoever holds it later, so it is
 * made there and handed to us.
 */
const helper = `
const [address, port] = [process.argv[1], Number(process.argv[2])];
let left = 2;
const hand = (kind, socket) => process.send(kind, socket, () => { left -= 1; if (left === 0) process.disconnect(); });
const udp = require('node:dgram').createSocket('udp4');
udp.bind(port, address, () => hand('udp', udp));
const tcp = require('node:net').createServer();
tcp.listen(port, address, () => hand('tcp', tcp));
process.once('disconnect', () => process.exit(0));
`;

/** A UDP and a TCP socket on an address inside of a network. */
export async function openInside(
  enter: readonly string[],
  address: string,
  port: number,
): Promise<{ udp: Datagrams; tcp: Server }> {
  const args = [...enter, '--', process.execPath, '-e', helper, address, String(port)];
  const child = spawn('nsenter', args, {
    cwd: '/',
    env: { PATH: trustedPath },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const handed = new Map<unknown, unknown>();
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await new Promise<void>((resolve) => {
    child.on('message', (kind, handle) => handed.set(kind, handle));
    child.once('error', () => resolve()).once('exit', () => resolve());
  });
  clearTimeout(timer);
  const udp = handed.get('udp') as Datagrams | undefined;
  const tcp = handed.get('tcp') as Server | undefined;
  if (udp !== undefined && tcp !== undefined) {
    udp.unref();
    tcp.unref();
    return { udp, tcp };
  }
  udp?.close();
  tcp?.close();
  throw new Error('no name server could be opened in it');
}
