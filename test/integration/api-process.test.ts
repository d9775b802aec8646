import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface ApiProcess {
  child: ChildProcess;
  baseUrl: string;
  home: string;
  output: () => string;
  /** code and signal that the process ended with */
  ended: Promise<[number | null, NodeJS.Signals | null]>;
}

let database: TestDatabase;
let home: string;
let api: ApiProcess;

/** Starts the built API alone and waits until it says that it is ready, or has ended. */
async function startApi(env: Record<string, string> = {}): Promise<ApiProcess> {
  const child = spawn(process.execPath, [path.join(root, 'dist', 'api.mjs')], {
    cwd: home,
    env: {
      PATH: process.env['PATH'] ?? '',
      PORT: '0',
      SLIPWAY_HOME: home,
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const ended = once(child, 'exit') as ApiProcess['ended'];
  const ready = new Promise<void>((resolve) => {
    const keep = (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.includes('"api ready"')) resolve();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
  });
  await Promise.race([ready, ended]);
  const port = /"port":(\d+)[^\n]*"api ready"/.exec(printed)?.[1] ?? '0';
  return { child, baseUrl: `http://127.0.0.1:${port}`, home, output: () => printed, ended };
}

beforeAll(async () => {
  database = await createTestDatabase();
  home = await mkdtemp(path.join(tmpdir(), 'slipway-api-'));
  api = await startApi();
}, 240_000);

afterAll(async () => {
  if (api.child.exitCode === null) api.child.kill('SIGKILL');
  await api.ended;
  await database.drop();
  await removeFolder(home);
}, 240_000);

const readHome = async (name: string) => (await readFile(path.join(home, name), 'utf8')).trim();

/** A request whose body is sent later, once the server has said that it takes it: then it is in flight. */
async function halfRequest(
  baseUrl: string,
  body: string,
): Promise<{ socket: Socket; finish: () => Promise<string> }> {
  const { hostname, port } = new URL(baseUrl);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const goOn = once(socket, 'data');
  socket.write(
    'POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
      `Content-Length: ${body.length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`,
  );
  expect(String((await goOn)[0])).toMatch(/^HTTP\/1\.1 100 /);
  socket.write(body.slice(0, 5));
  return {
    socket,
    finish: async () => {
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.write(body.slice(5));
      await once(socket, 'close');
      return text;
    },
  };
}

describe('the API process', () => {
  it('leaves the first token and password to the owner alone, and they work [A-CORE-12]', async () => {
    for (const name of ['admin-token', 'admin-password']) {
      const { mode } = await stat(path.join(home, name));
      expect(mode & 0o777).toBe(0o600);
    }
    const token = await readHome('admin-token');
    const password = await readHome('admin-password');
    const users = await fetch(`${api.baseUrl}/api/v1/users`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await users.json()).toMatchObject({ total: 1, items: [{ name: 'admin' }] });
    const login = await fetch(`${api.baseUrl}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'admin', password }),
    });
    expect(login.status).toBe(200);
    expect(api.output()).not.toContain(password);
    expect(api.output()).not.toContain(token);
  }, 240_000);

  it('is up while Temporal is away, and says so [A-HLT-02] [B-HLT-02]', async () => {
    const health = await fetch(`${api.baseUrl}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({
      status: 'degraded',
      level: 'DEGRADED',
      components: { database: 'ok', temporal: expect.stringMatching(/^error: /) },
    });
    expect((await fetch(`${api.baseUrl}/readyz`)).status).toBe(200);
  }, 240_000);

  it('answers pages, the API and git at one address [A-CORE-01]', async () => {
    const page = await fetch(`${api.baseUrl}/`);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<html')]);
    const token = await readHome('admin-token');
    const made = await fetch(`${api.baseUrl}/api/v1/projects`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'served' }),
    });
    expect(made.status).toBe(201);
    const setting = {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'http.extraHeader',
      GIT_CONFIG_VALUE_0: `Authorization: Bearer ${token}`,
    };
    await promisify(execFile)('git', ['ls-remote', `${api.baseUrl}/admin/served.git`], {
      env: { ...process.env, ...setting },
    });
  }, 240_000);

  it('serves the web app for pages, problems for unknown addresses of tools, and no other file [A-CORE-01]', async () => {
    const headers = { accept: 'text/html' };
    const page = await fetch(`${api.baseUrl}/some/page`, { headers });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<html');
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const unknown = await fetch(`${api.baseUrl}/api/v1/nothing`);
    expect(unknown.status).toBe(404);
    expect(unknown.headers.get('content-type')).toContain('problem+json');
    for (const address of ['/nope', '/some/page', '/robots.txt', '/.well-known/security.txt']) {
      const problem = await fetch(api.baseUrl + address);
      expect([address, problem.status]).toEqual([address, 404]);
      expect(problem.headers.get('content-type')).toBe('application/problem+json');
    }
    expect((await fetch(`${api.baseUrl}/nope`, { headers })).status).toBe(404);
    expect(await (await fetch(`${api.baseUrl}/healthz`)).json()).toEqual({ status: 'ok' });
    const hostile = [
      '/..%2f..%2fpackage.json',
      '/assets/..%2f..%2f..%2fpackage.json',
      '/%00',
      '/%ff',
    ];
    for (const address of hostile) {
      const answer = await fetch(api.baseUrl + address);
      expect(await answer.text()).not.toContain('"license"');
      expect(answer.status).toBeLessThan(500);
    }
  }, 240_000);

  it('answers what Node cannot read as a request with a problem as well', async () => {
    const say = async (text: string) => {
      const { hostname, port } = new URL(api.baseUrl);
      const socket = connect(Number(port), hostname);
      let answer = '';
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      socket.write(text);
      await once(socket, 'close');
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      expect(head).toContain('content-type: application/problem+json');
      return JSON.parse(body) as { status: number; code: string; requestId: string };
    };
    const big = `GET /livez HTTP/1.1\r\nHost: x\r\nCookie: ${'a'.repeat(40_000)}\r\n\r\n`;
    expect(await say(big)).toMatchObject({ status: 431, code: 'headers_too_large' });
    const unknown = await say('FOO /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(unknown).toMatchObject({ status: 400, code: 'malformed_request' });
    expect(unknown.requestId).toMatch(/^req_/);
    expect(await say('\x16\x03\x01\x02\x00')).toMatchObject({ code: 'malformed_request' });
  }, 240_000);

  it('sends the scripts of the web app compressed, and nothing that the browser has already', async () => {
    const page = await fetch(`${api.baseUrl}/`);
    const etag = page.headers.get('etag') ?? '';
    const again = await fetch(`${api.baseUrl}/`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text())?.[1] ?? '';
    const sizes = new Map<string, number>();
    const texts = new Set<string>();
    for (const encoding of ['identity', 'gzip', 'br', 'br;q=0, gzip']) {
      const answer = await fetch(api.baseUrl + script, {
        headers: { 'accept-encoding': encoding },
      });
      expect(answer.headers.get('content-type')).toContain('javascript');
      expect(answer.headers.get('vary')).toBe('accept-encoding');
      const found = answer.headers.get('content-encoding') ?? 'identity';
      expect(found).toBe(encoding.split(' ').at(-1));
      sizes.set(found, Number(answer.headers.get('content-length')));
      texts.add(await answer.text());
    }
    expect(texts.size).toBe(1);
    expect(sizes.get('gzip')).toBeLessThan((sizes.get('identity') ?? 0) / 2);
    expect(sizes.get('br')).toBeLessThan(sizes.get('gzip') ?? 0);
  }, 240_000);

  it('shows Prometheus what it counts, by route and not by address', async () => {
    const token = await readHome('admin-token');
    expect((await fetch(`${api.baseUrl}/metrics`)).status).toBe(401);
    await fetch(`${api.baseUrl}/api/v1/users/somebody-4711`);
    const headers = { authorization: `Bearer ${token}` };
    const text = await (await fetch(`${api.baseUrl}/metrics`, { headers })).text();
    expect(text).toContain('route="/api/v1/users/:id",status="401"');
    expect(text).not.toContain('somebody-4711');
  }, 240_000);

  it('does not start with a setting that cannot be used, and says which [A-CFG-01]', async () => {
    const refused = await startApi({ LOG_FORMAT: 'yaml' });
    expect(await refused.ended).toEqual([78, null]);
    expect(refused.output()).toContain('log.format (LOG_FORMAT): found');
  }, 240_000);

  it('is DEGRADED where the disk is nearly full, with the number and the folder [A-HLT-02] [B-HLT-02]', async () => {
    const other = await startApi({ SLIPWAY_HEALTH_MIN_FREE_MB: '1048576' });
    const answer = await fetch(`${other.baseUrl}/health`);
    expect(answer.status).toBe(200);
    const { level, components } = (await answer.json()) as {
      level: string;
      components: Record<string, string>;
    };
    expect(level).toBe('DEGRADED');
    expect(components['disk']).toMatch(
      /^error: \d+ MiB of disk left for home, less than 1048576 MiB \(health\.minFreeMb\)$/,
    );
    other.child.kill('SIGTERM');
    await other.ended;
  });

  it('says who has its port and what to do, and ends instead of trying again [A-CORE-01]', async () => {
    const port = new URL(api.baseUrl).port;
    const second = await startApi({ PORT: port });
    expect(await second.ended).toEqual([78, null]);
    expect(second.output()).toContain(
      `Port ${port} on 127.0.0.1 is used by node (process ${String(api.child.pid)}): stop that program, or set PORT (server.port) for the API and the workers.`,
    );
  });

  it('answers what is in flight when it is told to stop, takes nothing new, and ends with 0 [A-CORE-03] [B-HLT-05]', async () => {
    const body = JSON.stringify({ name: 'admin', password: await readHome('admin-password') });
    const request = await halfRequest(api.baseUrl, body);
    api.child.kill('SIGTERM');
    await eventually(() =>
      fetch(`${api.baseUrl}/livez`).then(
        () => undefined,
        () => true,
      ),
    );
    expect(await request.finish()).toMatch(/^HTTP\/1\.1 200 /);
    expect(await api.ended).toEqual([0, null]);
  }, 240_000);
});
