import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { configSchema } from '../../contracts/config.ts';
import {
  createBackup,
  listBackups,
  restoreBackup,
  signerOf,
  verifyBackup,
} from '../../prisma/backup.ts';
import { startGitServer, type GitServer, type TestRepository } from '../support/git-server.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { createEmptyDatabase } from '../support/test-database.ts';

jest.setTimeout(240_000);

let server: GitServer;
let repository: TestRepository;
let scratch: string;

const masterKey = 'ab'.repeat(32);
const placeOf = (home: string, databaseUrl: string, folder: string) => ({
  config: {
    ...configSchema.parse({ home }),
    storage: { projectsRoot: 'repositories', runsRoot: 'runs', tempRoot: 'temp' },
    secrets: { masterKey },
  },
  ...{ databaseUrl, folder },
  tell: () => undefined,
});
const runGit = async (dir: string, ...args: string[]) =>
  (await promisify(execFile)('git', ['--git-dir', dir, ...args])).stdout.trim();

const sumOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** What somebody does who may write to where backups lie: a file more or another one, with all sums right. */
async function plant(folder: string, name: string, content: string): Promise<void> {
  await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
  await writeFile(path.join(folder, name), content);
  const listed = { path: name, bytes: content.length, sha256: sumOf(content) };
  const lines = (await readFile(path.join(folder, 'files.ndjson'), 'utf8')).trim().split('\n');
  const others = lines.filter((line) => (JSON.parse(line) as { path: string }).path !== name);
  const list = [...others, JSON.stringify(listed), ''].join('\n');
  await writeFile(path.join(folder, 'files.ndjson'), list);
  const filesSha256 = sumOf(list);
  const manifest = JSON.parse(await readFile(path.join(folder, 'backup.json'), 'utf8')) as object;
  await writeFile(path.join(folder, 'backup.json'), JSON.stringify({ ...manifest, filesSha256 }));
}

beforeAll(async () => {
  server = await startGitServer();
  repository = await server.project(await server.user('ann', 'admin'), 'kept');
  scratch = await mkdtemp(path.join(tmpdir(), 'slipway-backup-'));
});

afterAll(async () => {
  await server.stop();
  await removeFolder(scratch);
});

describe('a backup', () => {
  it('that somebody changed, with all sums right, writes nothing outside of its folders and configures no git', async () => {
    const folder = path.join(scratch, 'deep', 'planted');
    await mkdir(path.dirname(folder));
    await createBackup({ ...placeOf(server.home, server.url, folder), withKey: false });
    const home = await mkdtemp(path.join(scratch, 'home-'));
    const empty = await createEmptyDatabase();
    const place = placeOf(home, empty.url, folder);
    try {
      const ours = 'repositories/ann/kept.git';
      await plant(folder, `${ours}/config`, '[core]\n\talternateRefsCommand = touch ran\n');
      await plant(folder, `${ours}/info/attributes`, '* merge=theirs\n');
      await plant(folder, `${ours}/hooks/pre-receive`, '#!/bin/sh\ntouch ran\n');
      await plant(folder, `${ours}/objects/info/alternates`, '/nowhere/objects\n');
      await restoreBackup({ ...place, trust: true });
      const kept = path.join(home, ours);
      expect(await readFile(path.join(kept, 'config'), 'utf8')).toBe(
        await readFile(path.join(repository.dir, 'config'), 'utf8'),
      );
      for (const none of ['info', 'hooks', 'objects/info/alternates']) {
        expect([none, existsSync(path.join(kept, none))]).toEqual([none, false]);
      }
      await runGit(kept, 'fsck', '--strict');
    } finally {
      await empty.drop();
    }

    const note = path.join(folder, 'verified-at');
    const victim = path.join(scratch, 'victim');
    await writeFile(victim, 'mine');
    await rm(note);
    await symlink(victim, note);
    await verifyBackup(folder, null);
    expect(await readFile(victim, 'utf8')).toBe('mine');

    await plant(folder, 'repositories/../../outside', 'theirs');
    const fresh = placeOf(await mkdtemp(path.join(scratch, 'home-')), empty.url, folder);
    await expect(restoreBackup(fresh)).rejects.toThrow('names a file "repositories/../../outside"');
    expect((await listBackups(path.dirname(folder), null))[0]?.problem).toContain('names a file');
    expect(existsSync(path.join(fresh.config.home, '..', 'outside'))).toBe(false);
  });

  it('is read through no link', async () => {
    const folder = path.join(scratch, 'linked');
    await createBackup({ ...placeOf(server.home, server.url, folder), withKey: false });
    const head = path.join(folder, 'repositories/ann/kept.git/HEAD');
    const elsewhere = path.join(scratch, 'HEAD');
    await writeFile(elsewhere, await readFile(head));
    await rm(head);
    await symlink(elsewhere, head);
    await expect(verifyBackup(folder, null)).rejects.toThrow('kept.git/HEAD');
  });

  it('is restored where the master key that it was made with is in place, and else only on the word of whoever restores it', async () => {
    const folder = path.join(scratch, 'signatures', 'signed');
    await mkdir(path.dirname(folder));
    await createBackup({ ...placeOf(server.home, server.url, folder), withKey: false });
    const home = await mkdtemp(path.join(scratch, 'home-'));
    const empty = await createEmptyDatabase();
    const placeWith = (key: string | null) => {
      const place = placeOf(home, empty.url, folder);
      return { ...place, config: { ...place.config, secrets: { masterKey: key } } };
    };
    const signatureFor = async (key: string | null) => {
      const signer = await signerOf(placeWith(key).config);
      const [listed] = await listBackups(path.dirname(folder), signer);
      const { signature } = await verifyBackup(folder, signer);
      expect(listed?.signature).toBe(signature);
      return signature;
    };
    try {
      expect(await signatureFor(masterKey)).toBe('ours');
      expect(await signatureFor(null)).toBe('unknown');
      await expect(restoreBackup(placeWith(null))).rejects.toThrow('no master key here');
      expect(await signatureFor('cd'.repeat(32))).toBe('foreign');
      await expect(restoreBackup(placeWith('cd'.repeat(32)))).rejects.toThrow(
        'another installation',
      );
      await plant(folder, 'repositories/ann/kept.git/refs/heads/planted', `${'0'.repeat(40)}\n`);
      expect(await signatureFor(masterKey)).toBe('foreign');
      await expect(restoreBackup(placeWith(masterKey))).rejects.toThrow('changed since');
      await rm(path.join(folder, 'backup.hmac'));
      expect(await signatureFor(masterKey)).toBe('none');
      await expect(restoreBackup(placeWith(masterKey))).rejects.toThrow('has no signature');
      expect(await readdir(home)).toEqual([]);
    } finally {
      await empty.drop();
    }
  });
});
