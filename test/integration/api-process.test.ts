import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startSlipway, type Slipway } from '../support/slipway.ts';

let running: Slipway | null = null;

afterEach(async () => {
  await running?.stop();
  running = null;
});

async function start(env: Record<string, string> = {}): Promise<Slipway> {
  running = await startSlipway({ workers: false, env });
  return running;
}

/** A request whose body is sent later: it is in flight for as long as the test likes. */
async function halfRequest(
  baseUrl: string,
  body: string,
): Promise<{ socket: Socket; finish: () => Promise<string> }> {
  const { hostname, port } = new URL(baseUrl);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(
    'POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body.slice(0, 5)}`,
  );
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

async function exitOf(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the API process', () => {
  it('answers what is in flight when it is told to stop, takes nothing new, and ends [A-CORE-03] [B-HLT-05]', async () => {
    const slipway = await start();
    const body = JSON.stringify({ name: 'admin', password: slipway.adminPassword });
    const request = await halfRequest(slipway.baseUrl, body);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const pid = slipway.pid('api');
    process.kill(pid, 'SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 500));
    await expect(fetch(`${slipway.baseUrl}/livez`)).rejects.toThrow();
    expect(await request.finish()).toMatch(/^HTTP\/1\.1 200 /);
    await exitOf(pid);
    expect(slipway.output()).toContain('api stops');
    expect(slipway.output()).not.toContain('"fatal"');
  }, 60_000);

  it('leaves the first token and password to the owner alone, and they work [A-CORE-12]', async () => {
    const slipway = await start();
    for (const name of ['admin-token', 'admin-password']) {
      const { mode } = await stat(path.join(slipway.home, name));
      expect(mode & 0o777).toBe(0o600);
    }
    const users = await slipway.request('GET', '/api/v1/users');
    expect(users.body).toMatchObject({ total: 1, items: [{ name: 'admin' }] });
    const body = { name: 'admin', password: slipway.adminPassword };
    expect((await slipway.request('POST', '/api/v1/auth/login', body, null)).status).toBe(200);
    expect(slipway.output()).not.toContain(slipway.adminPassword);
    expect(slipway.output()).not.toContain(slipway.adminToken);
  }, 60_000);

  it('serves the web app for pages and problems for unknown tools’ addresses [A-CORE-01]', async () => {
    const slipway = await start();
    const page = await fetch(`${slipway.baseUrl}/some/page`);
    const text = await page.text();
    if (page.status === 200) {
      expect(text).toContain('<html');
      expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
      expect(page.headers.get('cache-control')).toBe('no-cache');
    } else expect(page.headers.get('content-type')).toContain('problem+json');
    const unknown = await fetch(`${slipway.baseUrl}/api/v1/nothing`);
    expect([unknown.status, unknown.headers.get('content-type')]).toEqual([
      404,
      'application/problem+json',
    ]);
    for (const hostile of [
      '/..%2f..%2fpackage.json',
      '/assets/..%2f..%2f..%2fpackage.json',
      '/%2e%2e/%2e%2e/package.json',
      '/%00',
    ]) {
      const answer = await fetch(slipway.baseUrl + hostile);
      expect(await answer.text()).not.toContain('"license"');
      expect(answer.status).toBeLessThan(500);
    }
  }, 60_000);

  it('does not start with a setting that cannot be used, and says which [A-CFG-01]', async () => {
    await expect(start({ LOG_FORMAT: 'yaml' })).rejects.toThrow(/log\.format \(LOG_FORMAT\)/);
  }, 90_000);
});
