import { readdir, readFile, readlink } from 'node:fs/promises';

/** State of a socket that takes connections, as /proc/net/tcp writes it. */
const listening = '0A';

/**
 * Who listens on a TCP port of this machine: `node (process 4711)`. Null where nobody does, or the system does not tell
 * (processes of others are told to root only).
 */
export async function portHolder(port: number): Promise<string | null> {
  const sockets = await socketsOn(port);
  if (sockets.size === 0) return null;
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid) || !(await holdsOne(pid, sockets))) continue;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    return `${printable(name) || 'a program'} (process ${pid})`;
  }
  return null;
}

/** Names of the sockets that listen there, in the form of links below /proc/<pid>/fd. */
async function socketsOn(port: number): Promise<Set<string>> {
  const found = new Set<string>();
  for (const table of ['tcp', 'tcp6']) {
    const text = await readFile(`/proc/net/${table}`, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      const [, local = '', , state] = fields;
      const isIt = state === listening && Number.parseInt(local.split(':')[1] ?? '', 16) === port;
      if (isIt) found.add(`socket:[${fields[9] ?? ''}]`);
    }
  }
  return found;
}

async function holdsOne(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    const link = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
    if (sockets.has(link)) return true;
  }
  return false;
}

/** A process gives itself its name. */
function printable(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, '').trim();
}
