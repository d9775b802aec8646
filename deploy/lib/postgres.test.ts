import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { chmod, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type OwnDatabase,
  placeOwnDatabase,
  socketFile,
} from '../../adapters/config/own-database.mjs';
import { openHome } from './home.mjs';
import { freePort } from './ports.mjs';
import { ensureDatabase, postgresService, withClient } from './postgres.mjs';
import { Supervisor } from './supervisor.mjs';
import { canBeAnother, connectsAsAnother } from '../../test/support/other-account.ts';
import { removeFolder } from '../../test/support/remove-folder.ts';

const asAnother = canBeAnother ? it : it.skip;

let home: string;
let data: string;
let pid: number;
let supervisor: Supervisor;
let bystander: ChildProcess | null = null;

/** Starts the Postgres of a home as `npm start` does. */
async function start(place?: OwnDatabase): Promise<{ url: string; adminUrl: string }> {
  const note = (_name: string, identity: { pid: number }) => {
    ({ pid } = identity);
    return Promise.resolve();
  };
  supervisor = new Supervisor(home, { note });
  const where = place ?? (await placeOwnDatabase(home, freePort));
  const { service, url, adminUrl } = await postgresService(home, where);
  await supervisor.start(service);
  await ensureDatabase(adminUrl);
  return { url, adminUrl };
}

/** How many ports a process listens on. */
function portsOf(process: number): number {
  const folder = `/proc/${String(process)}/fd`;
  const links = readdirSync(folder).map((fd) => readlinkSync(path.join(folder, fd)));
  const listening = ['tcp', 'tcp6'].flatMap((name) =>
    readFileSync(`/proc/net/${name}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A')
      .map((fields) => `socket:[${fields[9] ?? ''}]`),
  );
  return links.filter((link) => listening.includes(link)).length;
}

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'slipway-own-'));
  await chmod(home, 0o711);
  await openHome(home);
  data = path.join(home, 'postgres');
});
afterEach(async () => {
  bystander?.kill('SIGKILL');
  await supervisor.stop();
});
afterAll(() => removeFolder(home));

describe('the Postgres that the start brings', () => {
  it('goes on from a start of the version before, which listened on a port, and then listens on none [A-SEC-01]', async () => {
    const before = await start({ folder: null, port: await freePort() });
    await withClient(before.url, (client) => client.query(`create table kept as select 7 as n`));
    expect(portsOf(pid)).toBe(1);
    await supervisor.stop();

    const { url } = await start();
    expect(portsOf(pid)).toBe(0);
    const { rows } = await withClient(url, (client) => client.query('select n from kept'));
    expect(rows).toEqual([{ n: 7 }]);
  });

  asAnother(
    'is not reached by another account, nor can that one answer in its place [A-SEC-01]',
    async () => {
      await start();
      const socket = socketFile(data);
      expect(statSync(socket).isSocket()).toBe(true);
      expect(connectsAsAnother(socket)).toBe('EACCES');
      await supervisor.stop();
      expect(await readdir(data)).not.toContain(path.basename(socket));
      expect(connectsAsAnother(socket, 'listen')).toBe('EACCES');
    },
  );

  it('starts over the sockets that a killed one left, and leaves one that is alive', async () => {
    const { uid, gid } = statSync(data);
    bystander = spawn('sleep', ['600'], { uid, gid, stdio: 'ignore' });
    // The pid of the killed one has meanwhile been given to another process of the same user.
    const lock = [bystander.pid, data, '1700000000', '5432', '.', ''].join('\n');
    await writeFile(`${socketFile(data)}.lock`, lock, { mode: 0o644 });
    const dies =
      'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, 9))';
    try {
      execFileSync(process.execPath, ['-e', dies, socketFile(data, 54_320)], { stdio: 'ignore' });
    } catch {
      // it has killed itself
    }
    const alive = createServer();
    await new Promise<void>((resolve) => alive.listen(socketFile(data, 54_321), resolve));
    expect(await readdir(data)).toContain('.s.PGSQL.54320');

    const { adminUrl } = await start();
    expect((await withClient(adminUrl, (client) => client.query('select 1'))).rowCount).toBe(1);
    const sockets = (await readdir(data)).filter((name) => name.startsWith('.s.PGSQL.'));
    expect(sockets.sort()).toEqual(['.s.PGSQL.5432', '.s.PGSQL.5432.lock', '.s.PGSQL.54321']);
    await new Promise((resolve) => alive.close(resolve));
  });
});
