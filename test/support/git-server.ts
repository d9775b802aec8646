import { execFile, spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { serve } from '@hono/node-server';
import { createGitStore, type GitStoreOptions } from '../../adapters/git/git-store.ts';
import { createApp } from '../../api/app.ts';
import type { Services } from '../../api/services.ts';
import { configSchema } from '../../contracts/config.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import type { Log } from '../../contracts/log.ts';
import { newApiToken } from '../../domain/identity/api-token.ts';
import { sha256Hex } from '../../domain/identity/hash-token.ts';
import { createLogHub } from '../../domain/pipeline/log-hub.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { createMemoryStore } from './memory-store.ts';
import { removeFolder } from './remove-folder.ts';
import { holdSpawner } from './shared-spawner.ts';
import { createTestDatabase, openDatabase } from './test-database.ts';

export interface TestUser {
  id: string;
  name: string;
  token: string;
}

export interface GitServer {
  baseUrl: string;
  db: PrismaClient;
  /** address of the database */
  url: string;
  home: string;
  store: GitStore;
  /** what was logged as an error, so that a test can say that nothing was */
  errors: string[];
  /** a user with global roles (`developer`, `viewer`, `admin` …) and a token */
  user(name: string, ...roles: string[]): Promise<TestUser>;
  api(
    user: TestUser | null,
    method: string,
    address: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Response>;
  /** makes a project and gives its clone address */
  project(owner: TestUser, name: string, more?: Record<string, unknown>): Promise<TestRepository>;
  stop(): Promise<void>;
}

export interface TestRepository {
  id: string;
  url: string;
  api: string;
  dir: string;
}

function collectingLog(errors: string[]): Log {
  const quiet = (): void => undefined;
  return {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: (fields, message) => {
      const { err } = fields as { err?: unknown };
      errors.push(`${message}: ${err instanceof Error ? (err.stack ?? err.message) : ''}`);
    },
  };
}

async function addUser(db: PrismaClient, name: string, roles: string[]): Promise<TestUser> {
  const id = newId('user');
  const token = newApiToken();
  await db.user.create({ data: { id, name, email: `${name}@example.test` } });
  for (const role of await db.role.findMany({ where: { name: { in: roles } } })) {
    await db.userRole.create({ data: { id: newId('binding'), userId: id, roleId: role.id } });
  }
  await db.apiToken.create({
    data: {
      id: newId('token'),
      userId: id,
      name: 'test',
      tokenHash: sha256Hex(token),
      scopes: ['*:*'],
    },
  });
  return { id, name, token };
}

/** With its faults also for those in whose name it reads. */
function wrapped(store: GitStore, wrap: (store: GitStore) => GitStore = (same) => same): GitStore {
  return { ...wrap(store), forReader: (reader) => wrapped(store.forReader(reader), wrap) };
}

/**
 * The real app with its git endpoints on a free port, over a database and a data directory of its own.
 * @param wrap lets a test put faults between the app and its store
 */
export async function startGitServer(
  options: {
    store?: Partial<GitStoreOptions>;
    config?: Record<string, unknown>;
    wrap?: (store: GitStore) => GitStore;
    wrapDb?: (db: PrismaClient) => PrismaClient;
    /** a database and a home that are there already */
    over?: { url: string; home: string };
  } = {},
): Promise<GitServer> {
  const { over } = options;
  const database = over === undefined ? await createTestDatabase() : openDatabase(over.url);
  const home = over?.home ?? (await mkdtemp(path.join(tmpdir(), 'slipway-git-')));
  const root = path.join(home, 'repositories');
  const { spawner, release } = holdSpawner();
  const hooksDir = path.join(home, 'hooks');
  const store = createGitStore({ root, hooksDir, spawner, ...options.store });
  const errors: string[] = [];
  const config = configSchema.parse({
    home,
    server: { rateLimitPerMinute: 1_000_000 },
    ...options.config,
  });
  const hub = createLogHub({ on: () => () => undefined });
  const services = {
    db: options.wrapDb?.(database.db) ?? database.db,
    config,
    log: collectingLog(errors),
    version: 'test',
    healthChecks: {},
    gitStore: wrapped(store, options.wrap),
    objectStore: createMemoryStore(),
    logHub: hub,
  } as unknown as Services;
  const server = serve({
    fetch: createApp(services).fetch,
    port: 0,
    hostname: '127.0.0.1',
    serverOptions: { requestTimeout: 0 },
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const baseUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const { db } = database;
  const api: GitServer['api'] = (user, method, address, body, headers = {}) =>
    fetch(`${baseUrl}${address}`, {
      method,
      headers: {
        ...(user === null ? {} : { authorization: `Bearer ${user.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    baseUrl,
    db,
    url: database.url,
    home,
    store,
    errors,
    api,
    user: (name, ...roles) => addUser(db, name, roles),
    async project(owner, name, more = {}) {
      const answer = await api(owner, 'POST', '/api/v1/projects', { name, ...more });
      if (answer.status !== 201) throw new Error(await answer.text());
      const { id } = (await answer.json()) as { id: string };
      return {
        id,
        url: `${baseUrl}/${owner.name}/${name}.git`,
        api: `/api/v1/projects/${owner.name}/${name}`,
        dir: path.join(root, owner.name, `${name}.git`),
      };
    },
    async stop() {
      if ('closeAllConnections' in server) server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      hub.close();
      await release();
      await database.drop();
      await removeFolder(home);
    },
  };
}

export interface GitRun {
  code: number;
  stdout: string;
  stderr: string;
}

/** Stock git for tests that look at how it ends: never rejects. `input` goes to its stdin. */
export function git(
  cwd: string,
  args: string[],
  options: { token?: string | null; input?: string | Buffer; env?: Record<string, string> } = {},
): Promise<GitRun> {
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Ann',
    GIT_AUTHOR_EMAIL: 'ann@example.com',
    GIT_COMMITTER_NAME: 'Ann',
    GIT_COMMITTER_EMAIL: 'ann@example.com',
    ...options.env,
  };
  if (options.token != null) {
    const credentials = Buffer.from(`git:${options.token}`).toString('base64');
    env['GIT_CONFIG_COUNT'] = '1';
    env['GIT_CONFIG_KEY_0'] = 'http.extraHeader';
    env['GIT_CONFIG_VALUE_0'] = `Authorization: Basic ${credentials}`;
  }
  return new Promise((resolve) => {
    const child = spawn('git', args, { cwd, env });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString('latin1')));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString('utf8')));
    child.on('error', () => {
      resolve({ code: 127, stdout, stderr });
    });
    child.on('close', (code) => {
      resolve({
        code: code ?? 128,
        stdout: Buffer.from(stdout, 'latin1').toString('utf8'),
        stderr,
      });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
  });
}

/** Exact bytes that stock git prints, for comparing with what the API sends. */
export function gitBytes(cwd: string, args: string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' };
    execFile('git', args, { cwd, env, encoding: 'buffer', maxBuffer: 1 << 28 }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error);
    });
  });
}
