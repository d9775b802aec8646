import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { createFileStore } from '../../adapters/object-store/file-store.ts';
import { configSchema } from '../../contracts/config.ts';
import { verifyAudit } from '../../domain/audit/verify-audit.ts';
import { repairRefs } from '../../domain/git/repair-refs.ts';
import { createBackup, listBackups, restoreBackup, verifyBackup } from '../../prisma/backup.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import {
  startGitServer,
  type GitServer,
  type TestRepository,
  type TestUser,
} from '../support/git-server.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { createEmptyDatabase } from '../support/test-database.ts';

jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let repository: TestRepository;
let tree: WorkTree;
let scratch: string;
const told: string[] = [];

const masterKey = 'ab'.repeat(32);

const configOf = (home: string) => ({
  ...configSchema.parse({ home }),
  storage: { projectsRoot: 'repositories', runsRoot: 'runs', tempRoot: 'temp' },
  secrets: { masterKey },
});
const placeOf = (home: string, databaseUrl: string, folder: string) => ({
  config: configOf(home),
  databaseUrl,
  folder,
  tell: (text: string) => void told.push(text),
});
const runGit = async (dir: string, ...args: string[]) =>
  (await promisify(execFile)('git', ['--git-dir', dir, ...args])).stdout.trim();

async function push(text: string): Promise<string> {
  await tree.write({ 'file.txt': text, [`files/${text}`]: text });
  const sha = await tree.commit(text);
  await tree.git('push', '-q', 'origin', 'main');
  return sha;
}

/** Pushes one commit after the other until it is told to stop. */
function pushOn(): { stop: () => Promise<number> } {
  let going = true;
  let count = 0;
  const run = async () => {
    for (; going; count += 1) await push(`meanwhile-${String(count)}`);
  };
  const running = run();
  return {
    stop: async () => {
      going = false;
      await running;
      return count;
    },
  };
}

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'admin');
  repository = await server.project(ann, 'kept');
  await server.project(ann, 'empty');
  tree = await makeWorkTree(repository.url, ann.token);
  scratch = await mkdtemp(path.join(tmpdir(), 'slipway-backup-'));
  await writeFile(path.join(server.home, 'master-key'), 'the-key-of-all-secrets');
  const store = createFileStore(path.join(server.home, 'objects'));
  for (const key of ['logs/run_1/0', 'artifacts/a=b@c', `long/${'x'.repeat(200)}`]) {
    await store.put(key, Buffer.from(key));
  }
});

afterAll(async () => {
  await server.stop();
  await tree.remove();
  await removeFolder(scratch);
});

describe('a backup', () => {
  it('is made while pushes go on, and restores to all that was acknowledged before it, whole', async () => {
    const issue = { title: 'kept "issue", with\n\\ and \u{1f6a2}' };
    await server.api(ann, 'POST', `${repository.api}/issues`, issue);
    const before = await push('before');
    const folder = path.join(scratch, 'backup');
    const pushing = pushOn();
    const tidying = runGit(repository.dir, 'gc', '--quiet');
    const manifest = await createBackup({
      ...placeOf(server.home, server.url, folder),
      withKey: false,
    });
    await tidying;
    expect(await pushing.stop()).toBeGreaterThan(0);
    expect(manifest.repositories).toEqual(['ann/empty.git', 'ann/kept.git']);
    expect(manifest.objects).toBe(3);
    expect(told).toEqual([
      expect.stringMatching(/^database: \d+ tables/),
      'repositories: 2',
      'objects: 3',
    ]);
    expect(await readdir(folder)).not.toContain('master-key');
    expect((await stat(folder)).mode & 0o777).toBe(0o700);

    const home = await mkdtemp(path.join(scratch, 'home-'));
    const empty = await createEmptyDatabase();
    const place = placeOf(home, empty.url, folder);
    await restoreBackup(place);
    await expect(restoreBackup(place)).rejects.toThrow('is not empty');
    const restored = await startGitServer({ over: { url: empty.url, home } });
    try {
      for (const { name, rows } of manifest.tables) {
        const [count] = await restored.db.$queryRawUnsafe<{ n: number }[]>(
          `SELECT count(*)::int AS n FROM "${name}"`,
        );
        expect([name, count?.n]).toEqual([name, rows]);
      }
      expect(await verifyAudit(restored.db)).toMatchObject({ ok: true });
      await repairRefs(restored.db, restored.store, repository.id);
      const dir = path.join(home, 'repositories', 'ann', 'kept.git');
      await runGit(dir, 'merge-base', '--is-ancestor', before, 'main');
      await runGit(dir, 'fsck', '--strict');
      const issues = await restored.api(ann, 'GET', `${repository.api}/issues`);
      expect(await issues.json()).toMatchObject({ items: [{ number: 1, ...issue }] });
      const second = await restored.api(ann, 'POST', `${repository.api}/issues`, { title: 'b' });
      expect(await second.json()).toMatchObject({ number: 2 });
      const store = createFileStore(path.join(home, 'objects'));
      expect(await store.head(`long/${'x'.repeat(200)}`)).toEqual({ bytes: 205 });
      const url = `${restored.baseUrl}/ann/kept.git`;
      await tree.git('remote', 'set-url', 'origin', url);
      const after = await push('after');
      expect(await runGit(dir, 'rev-parse', 'main')).toBe(after);
      const ref = await restored.db.gitRef.findFirst({ where: { projectId: repository.id } });
      expect(ref?.sha).toBe(after);
      expect(restored.errors).toEqual([]);
    } finally {
      await restored.stop();
      await empty.drop();
      await tree.git('remote', 'set-url', 'origin', repository.url);
    }
  });

  it('that cannot be restored leaves what was there and nothing else, and is restored by the next try', async () => {
    const folder = path.join(scratch, 'third');
    await createBackup({ ...placeOf(server.home, server.url, folder), withKey: true });
    const home = await mkdtemp(path.join(scratch, 'home-'));
    const empty = await createEmptyDatabase();
    const place = placeOf(home, empty.url, folder);
    const left = async () => {
      const names = await readdir(home, { recursive: true, withFileTypes: true });
      return names.filter((one) => one.isFile()).map(({ name }) => name);
    };
    const client = new pg.Client({ connectionString: empty.url });
    await client.connect();
    const store = createFileStore(path.join(home, 'objects'));
    await store.put('logs/run_1/0', Buffer.from('logs/run_1/0'));
    try {
      await client.query("CREATE FUNCTION somebodys() RETURNS int LANGUAGE sql AS 'SELECT 1'");
      // Everything is in place but the rows of the last table, which hold what no column takes.
      const whole = await readFile(path.join(folder, 'backup.json'), 'utf8');
      const manifest = JSON.parse(whole) as { tables: { rows: number }[] };
      const last = manifest.tables.at(-1);
      if (last) last.rows += 1;
      await writeFile(path.join(folder, 'backup.json'), JSON.stringify(manifest));
      await expect(restoreBackup({ ...place, trust: true })).rejects.toThrow(
        /rows, the backup says .*; nothing of it/,
      );
      expect(await left()).toEqual(['logs!run_1!0']);
      const made = await client.query(
        `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
      );
      expect(made.rows).toEqual([]);
      const functions = await client.query(
        `SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
      );
      expect(functions.rows).toEqual([{ proname: 'somebodys' }]);

      await writeFile(path.join(folder, 'backup.json'), whole);
      await writeFile(path.join(home, 'master-key'), 'another key');
      await expect(restoreBackup(place)).rejects.toThrow('is another key than that of the backup');
      expect((await left()).sort()).toEqual(['logs!run_1!0', 'master-key']);
      await writeFile(path.join(home, 'master-key'), 'the-key-of-all-secrets');
      await restoreBackup(place);
      const { rows } = await client.query('SELECT count(*)::int AS n FROM projects');
      expect(rows).toEqual([{ n: 2 }]);
    } finally {
      await client.end();
      await empty.drop();
    }
  });

  it('whose restore is interrupted leaves nothing behind, wherever it was', async () => {
    const folder = path.join(scratch, 'interrupted');
    await createBackup({ ...placeOf(server.home, server.url, folder), withKey: true });
    const home = await mkdtemp(path.join(scratch, 'home-'));
    const empty = await createEmptyDatabase();
    try {
      for (const step of ['files are whole', 'repositories: ', 'objects: ', 'database: ']) {
        const asked = new AbortController();
        const place = {
          ...placeOf(home, empty.url, folder),
          tell: (text: string) => {
            if (text.includes(step)) asked.abort();
          },
          signal: asked.signal,
        };
        await expect(restoreBackup(place)).rejects.toThrow(
          'it was interrupted; nothing of it was left behind',
        );
        const names = await readdir(home, { recursive: true, withFileTypes: true });
        expect(names.filter((one) => one.isFile())).toEqual([]);
      }
      await restoreBackup(placeOf(home, empty.url, folder));
    } finally {
      await empty.drop();
    }
  });

  it('is listed with when it was made, how large it is, and whether it was whole when all of it was last read', async () => {
    const folder = path.join(scratch, 'many');
    const kept = path.join(folder, 'monday');
    await mkdir(path.join(folder, 'tuesday.part'), { recursive: true });
    await mkdir(path.join(folder, 'something-else'));
    const place = placeOf(server.home, server.url, kept);
    const { createdAt } = await createBackup({ ...place, withKey: false });
    const { files } = await verifyBackup(kept, null);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const [monday, tuesday, ...more] = await listBackups(folder, null);
    expect(monday).toMatchObject({ name: 'monday', createdAt, bytes, repositories: 2 });
    expect(Date.parse(monday?.verifiedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(createdAt));
    expect(tuesday).toMatchObject({ name: 'tuesday.part', createdAt: null, verifiedAt: null });
    expect(more).toEqual([]);
    await appendFile(path.join(kept, files[0]?.path ?? ''), 'x');
    await expect(verifyBackup(kept, null)).rejects.toThrow('was changed');
    expect((await listBackups(folder, null))[0]).toMatchObject({ createdAt, verifiedAt: null });
    await expect(listBackups(path.join(scratch, 'nowhere'), null)).rejects.toThrow(
      'cannot be read',
    );
  });

  it('that is damaged, cut short or not empty is refused by name, and holds the key only when asked', async () => {
    const folder = path.join(scratch, 'second');
    const place = placeOf(server.home, server.url, folder);
    await createBackup({ ...place, withKey: true });
    expect(await readFile(path.join(folder, 'master-key'), 'utf8')).toBe('the-key-of-all-secrets');
    await expect(createBackup({ ...place, withKey: true })).rejects.toThrow('not empty');
    const { files } = await verifyBackup(folder, null);
    const object = files.find(({ key }) => key === 'logs/run_1/0')?.path ?? '';
    await appendFile(path.join(folder, object), 'x');
    await expect(verifyBackup(folder, null)).rejects.toThrow(`${object} of ${folder} was changed`);
    await expect(restoreBackup(place)).rejects.toThrow('was changed');
    await expect(verifyBackup(path.join(scratch, 'nowhere'), null)).rejects.toThrow(
      'no whole backup',
    );
  });
});
