import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadConfig } from '../../adapters/config/load-config.ts';
import { createGitStore } from '../../adapters/git/git-store.ts';
import { mirrorStoreOfConfig } from '../../adapters/git/mirror-store-of-config.ts';
import { createHostRules } from '../../adapters/http/resolve-host.ts';
import { createJwtVerifier } from '../../adapters/jwt/verify-jwt.ts';
import { createSecretBox } from '../../adapters/secret-box/secret-box.ts';
import { createApp, type App } from '../../api/app.ts';
import type { DefinedRoute } from '../../api/define-route.ts';
import { EventStreams } from '../../api/routes/event/event-streams.ts';
import type { HealthCheck, Services } from '../../api/services.ts';
import { openEventBus } from '../../domain/event/event-bus.ts';
import { heavyBy, runHere } from '../../domain/heavy/heavy.ts';
import { hashPassword } from '../../domain/identity/password.ts';
import { createLogHub } from '../../domain/pipeline/log-hub.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { createMemoryStore } from './memory-store.ts';
import { removeFolder } from './remove-folder.ts';
import { holdSpawner } from './shared-spawner.ts';
import { bindTestRole, createTestToken } from './test-api.ts';
import { createTestDatabase } from './test-database.ts';

export interface Answer {
  status: number;
  headers: Headers;
  /** parsed when the answer is JSON, else its text */
  body: unknown;
}

export interface TestAccount {
  id: string;
  name: string;
  token: string;
}

export interface AppUnderTest {
  app: App;
  db: PrismaClient;
  services: Services;
  /** what the app logged as an error: bugs, never expected refusals */
  errors: unknown[];
  /** a user with roles everywhere (`viewer`), or on a project (`developer@<project id>`), and a token for all scopes */
  account(name: string, ...roles: string[]): Promise<TestAccount>;
  /** a user that can sign in with `test-password-1` */
  person(name: string, ...roles: string[]): Promise<TestAccount>;
  /** a project of this owner with its repository, made through the API */
  project(owner: TestAccount, name: string, more?: object): Promise<{ id: string; path: string }>;
  /** one request; `who` is an account, a token, or null for nobody */
  call(
    who: TestAccount | string | null,
    method: string,
    address: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  stop(): Promise<void>;
}

export interface AppOptions {
  env?: Record<string, string>;
  routes?: readonly DefinedRoute[];
  healthChecks?: Record<string, HealthCheck>;
  /** own clients of the database, for faults */
  wrapDb?: (db: PrismaClient) => PrismaClient;
}

export const testPassword = 'test-password-1';

const openBus = { on: () => () => undefined, close: () => Promise.resolve() };

export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  const body: unknown = isJson && text !== '' ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body };
}

/** The whole app over a database and a data directory of its own, called without a socket. */
export async function openAppUnderTest(options: AppOptions = {}): Promise<AppUnderTest> {
  // Before anything is made that would have to be cleaned up.
  const { jwt } = loadConfig({ env: options.env ?? {} }).auth;
  const verifyJwt = createJwtVerifier(jwt, { jwksCooldownMs: 100 });
  const database = await createTestDatabase();
  const { db } = database;
  const home = await mkdtemp(path.join(tmpdir(), 'slipway-app-'));
  const env = {
    SLIPWAY_HOME: home,
    SLIPWAY_SERVER_RATE_LIMIT_PER_MINUTE: '1000000',
    ...options.env,
  };
  const config = loadConfig({ env });
  const errors: unknown[] = [];
  const quiet = () => undefined;
  const log = {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: (fields: object) => errors.push(fields),
  };
  const bus = await openEventBus({ db, listener: openBus, log });
  const held = holdSpawner();
  const masterKey = { kind: 'key', bytes: Buffer.alloc(32, 7), origin: 'configured' } as const;
  const services: Services = {
    db: options.wrapDb?.(db) ?? db,
    config,
    log,
    version: 'test',
    healthChecks: options.healthChecks ?? {},
    heavy: heavyBy(runHere),
    gitStore: createGitStore({
      root: path.join(home, 'repositories'),
      hooksDir: path.join(home, 'hooks'),
      spawner: held.spawner,
    }),
    mirrors: mirrorStoreOfConfig(
      { ...config, storage: { ...config.storage, projectsRoot: 'repositories' } },
      held.spawner,
    ),
    hostRules: createHostRules(config.outbound.allowHosts),
    objectStore: createMemoryStore(),
    logHub: createLogHub(openBus),
    eventStreams: new EventStreams(db, bus),
    secretBox: createSecretBox(masterKey),
    ...(verifyJwt ? { verifyJwt } : {}),
  };
  const app = createApp(services, options.routes ?? []);
  const call: AppUnderTest['call'] = async (who, method, address, body, headers = {}) => {
    const token = typeof who === 'string' ? who : who?.token;
    return readAnswer(
      await app.request(address, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  };
  const addUser = async (name: string, passwordHash: string | null, roles: readonly string[]) => {
    const id = newId('user');
    await db.user.create({ data: { id, name, email: `${name}@example.test`, passwordHash } });
    for (const role of roles) {
      const [roleName = '', projectId] = role.split('@');
      await bindTestRole(db, id, roleName, projectId ?? null);
    }
    const { token } = await createTestToken(db, id);
    return { id, name, token };
  };
  return {
    app,
    db,
    services,
    errors,
    call,
    account: (name, ...roles) => addUser(name, null, roles),
    person: async (name, ...roles) => addUser(name, await hashPassword(testPassword), roles),
    async project(owner, name, more = {}) {
      const answer = await call(owner, 'POST', '/api/v1/projects', { name, ...more });
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
      const { id } = answer.body as { id: string };
      return { id, path: `/api/v1/projects/${owner.name}/${name}` };
    },
    async stop() {
      services.eventStreams.close();
      bus.close();
      await held.release();
      await database.drop();
      await removeFolder(home);
    },
  };
}
