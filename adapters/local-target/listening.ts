import { readFile } from 'node:fs/promises';

/**
 * Whether something inside of a network listens on a port, without a connection: slirp4netns takes connections for a port
 * that nobody listens on, so trying would tell nothing.
 * @param pid a process in the network
 * @returns null when a port is open to the outside, else why not
 */
export async function listeningProblem(pid: number, port: number): Promise<string | null> {
  let loopbackOnly = false;
  for (const table of ['tcp', 'tcp6']) {
    const text = await readFile(`/proc/${String(pid)}/net/${table}`, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const [, local = '', , state] = line.trim().split(/\s+/);
      const [address = '', hex = ''] = local.split(':');
      if (state !== '0A' || Number.parseInt(hex, 16) !== port) continue;
      if (!isLoopback(address)) return null;
      loopbackOnly = true;
    }
  }
  return loopbackOnly
    ? `port ${String(port)} listens on the loopback address only: listen on 0.0.0.0`
    : `nothing listens on port ${String(port)}`;
}

/** As the kernel writes them: 32-bit words in host order (little-endian on all machines that we run on). */
function isLoopback(address: string): boolean {
  if (address.length === 8) return address.endsWith('7F');
  return address === '00000000000000000000000001000000' || /^0{16}FFFF0000.{6}7F$/.test(address);
}
