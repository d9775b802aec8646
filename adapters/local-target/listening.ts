import { open } from 'node:fs/promises';

/** State of a socket that takes connections, as /proc/net/tcp writes it. */
const listening = '0A';

/**
 * Whether something inside of a network listens on a port, without a connection: slirp4netns takes connections for a port
 * that nobody listens on, so trying would tell nothing.
 * @param pid a process in the network
 * @returns null when a port is open to the outside, else why not
 */
export async function listeningProblem(pid: number, port: number): Promise<string | null> {
  let loopbackOnly = false;
  for (const table of ['tcp', 'tcp6']) {
    for (const { address, port: found } of await listeners(`/proc/${String(pid)}/net/${table}`)) {
      if (found !== port) continue;
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

/** What the kernel gives by one read at most, and more than a line of it. */
const pageBytes = 4096;
const lineBytes = 300;

/**
 * The lines of sockets that take connections, which come first. What comes after them is not asked for: to look for
 * connections, of which a network of ours has few, the kernel walks through a table as large as the memory of the machine,
 * 5 ms each time, and once more for a read that finds the end.
 */
async function listeners(file: string): Promise<{ address: string; port: number }[]> {
  const handle = await open(file).catch(() => null);
  if (handle === null) return [];
  try {
    let text = '';
    const page = Buffer.alloc(pageBytes);
    for (;;) {
      const { bytesRead } = await handle.read(page, 0, pageBytes, null);
      text += page.toString('latin1', 0, bytesRead);
      const [, ...lines] = text.split('\n').map((line) => line.trim().split(/\s+/));
      const others = lines.findIndex(([, , , state]) => state !== undefined && state !== listening);
      if (others === -1 && bytesRead > pageBytes - lineBytes) continue;
      return lines
        .filter(([, , , state]) => state === listening)
        .map(([, local = '']) => local.split(':'))
        .map(([address = '', hex = '']) => ({ address, port: Number.parseInt(hex, 16) }));
    }
  } catch {
    // the process has ended meanwhile
    return [];
  } finally {
    await handle.close();
  }
}
