import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Another user of this machine who is no user of ours: neither root, nor nobody, whom steps run as. */
const account = { uid: 65_533, gid: 65_533 };

/** Only root can become somebody else. */
export const canBeAnother = process.getuid?.() === 0;

const reach = `
const { readdirSync, openSync } = require('node:fs');
const reached = [];
for (const place of require('node:fs').readFileSync(0, 'utf8').split('\\0')) {
  try { readdirSync(place); reached.push('list ' + place); } catch {}
  try { openSync(place, 'r'); reached.push('read ' + place); } catch {}
}
console.log(JSON.stringify(reached));
`;

/** What another account can list or read of these places. */
export function reachedByAnother(places: readonly string[]): string[] {
  const output = execFileSync(process.execPath, ['-e', reach], {
    ...account,
    cwd: '/',
    input: places.join('\0'),
    encoding: 'utf8',
  });
  return JSON.parse(output) as string[];
}

/** Every folder and file from here down, links not followed. */
export function everythingIn(place: string): string[] {
  const info = lstatSync(place, { throwIfNoEntry: false });
  if (info === undefined) return [];
  const inside = info.isDirectory() ? readdirSync(place) : [];
  return [place, ...inside.flatMap((name) => everythingIn(path.join(place, name)))];
}

const watch = `
const { readdirSync, readFileSync } = require('node:fs');
const seen = new Set();
process.stdin.on('end', () => { console.log(JSON.stringify([...seen])); process.exit(0); }).resume();
(function look() {
  for (const pid of readdirSync('/proc')) {
    if (!/^\\d+$/.test(pid)) continue;
    try { seen.add(readFileSync('/proc/' + pid + '/cmdline', 'utf8').replaceAll('\\0', ' ')); } catch {}
  }
  setImmediate(look);
})();
`;

/** Collects the command lines of all processes, as another account sees them, until it is asked for them. */
export function watchCommandLines(): { end(): Promise<string[]> } {
  const child: ChildProcess = spawn(process.execPath, ['-e', watch], {
    ...account,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const closed = new Promise((resolve) => child.once('close', resolve));
  return {
    end: async () => {
      child.stdin?.end();
      await closed;
      return JSON.parse(text) as string[];
    },
  };
}

const visit = `
const net = require('node:net');
const [place, way] = process.argv.slice(1);
const end = (word) => { console.log(word); process.exit(0); };
const socket = way === 'listen' ? net.createServer().listen(place) : net.connect(place);
socket.on('error', (error) => end(error.code)).on('connect', () => end('reached')).on('listening', () => end('reached'));
`;

/** Another account connects to a socket, or puts one of its own there. @returns 'reached', or the reason why not */
export function connectsAsAnother(socket: string, way: 'connect' | 'listen' = 'connect'): string {
  return execFileSync(process.execPath, ['-e', visit, socket, way], {
    ...account,
    cwd: '/',
    encoding: 'utf8',
  }).trim();
}
