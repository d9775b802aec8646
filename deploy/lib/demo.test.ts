import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { findSlipway, readEvents } from './demo-client.mjs';
import { followPipeline, painter } from './demo-follow.mjs';
import { createProject, pushFolder } from './demo-project.mjs';

const token = 'a-token-for-this-test';
const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0)) step();
});

function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'demo-test-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A server that answers as Slipway would, and a client of it. */
async function clientOf(listener: RequestListener) {
  const server = createServer((request, response) => {
    if (request.url === '/readyz') response.end();
    else listener(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return findSlipway({ SLIPWAY_URL: base, SLIPWAY_TOKEN: token }, '/');
}

async function collect(chunks: string[]) {
  const bytes = async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk, 'latin1');
  };
  const events = [];
  for await (const event of readEvents(bytes())) events.push(event);
  return events;
}

describe('the demo', () => {
  it('says in one sentence what to do when no Slipway runs', async () => {
    const env = { SLIPWAY_URL: 'http://127.0.0.1:9' };
    await expect(findSlipway(env, '/')).rejects.toThrow(/Start it with "npm start"/);
  });

  it('finds the product where the running npm start of the data folder answers', async () => {
    const server = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.push(() => server.close());
    const address = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const home = tempFolder();
    mkdirSync(join(home, 'run'));
    writeFileSync(join(home, 'run', 'instance.json'), JSON.stringify({ address }));
    const found = await findSlipway({ SLIPWAY_HOME: home, SLIPWAY_TOKEN: token }, '/');
    expect(found.base).toBe(address);
  });

  it('says where it looked when there is no token', async () => {
    const server = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.push(() => server.close());
    const port = String((server.address() as AddressInfo).port);
    const home = tempFolder();
    await expect(findSlipway({ PORT: port, SLIPWAY_HOME: home }, '/')).rejects.toThrow(
      `There is no token at ${home}/admin-token`,
    );
  });

  it('takes the next free name when the sample is there already', async () => {
    const asked: string[] = [];
    const client = await clientOf((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        asked.push((JSON.parse(body) as { name: string }).name);
        response.statusCode = asked.length < 3 ? 409 : 201;
        response.end('{}');
      });
    });
    expect(await createProject(client)).toBe('sample-3');
    expect(asked).toEqual(['sample', 'sample-2', 'sample-3']);
  });

  it('pushes with stock git, with the token neither in an argument nor in the repository', async () => {
    const folder = tempFolder();
    const [source, bare, bin] = ['source', 'bare.git', 'bin'].map((name) => join(folder, name));
    for (const path of [source, bin] as string[]) mkdirSync(path);
    writeFileSync(join(source!, 'hello.txt'), 'hello\n');
    mkdirSync(join(source!, 'node_modules'));
    writeFileSync(join(source!, 'node_modules/big.txt'), 'not for the push\n');
    execFileSync('git', ['init', '--quiet', '--bare', '-b', 'main', bare!]);
    const git = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
    const seen = join(folder, 'seen');
    writeFileSync(
      join(bin!, 'git'),
      `#!/bin/sh\necho "$@" >> ${seen}\n[ ! -f .git/config ] || cat .git/config >> ${seen}\nexec ${git} "$@"\n`,
    );
    chmodSync(join(bin!, 'git'), 0o755);
    const client = await clientOf((_request, response) => response.end());
    const gitEnvironment = {
      ...client.gitEnvironment('admin'),
      PATH: `${bin}:${process.env['PATH']}`,
    };

    const sha = await pushFolder({ folder: source!, url: bare!, branch: 'main', gitEnvironment });

    const inBare = (...args: string[]) =>
      execFileSync('git', ['-C', bare!, ...args], { encoding: 'utf8' }).trim();
    expect(inBare('rev-parse', 'main')).toBe(sha);
    expect(inBare('ls-tree', '-r', '--name-only', 'main')).toBe('hello.txt');
    const traces = readFileSync(seen, 'utf8');
    expect(traces).toContain('push');
    expect(traces).not.toContain(token);
    expect(traces).not.toContain(Buffer.from(`admin:${token}`).toString('base64'));
  });

  it('splits events wherever the network cut them', async () => {
    const text = 'retry: 10\n\nid: 5\nevent: log\ndata: {"text":"gr\u00c3\u00bcn"}\n\n: ping\n\n';
    const whole = await collect([text]);
    expect(whole).toEqual([{ id: '5', event: 'log', data: '{"text":"grün"}' }]);
    expect(await collect([...text])).toEqual(whole);
  });

  it('prints each line once, also when the connection breaks, and ends with the status', async () => {
    let looks = 0;
    const resumedFrom: string[] = [];
    const client = await clientOf((request, response) => {
      if (request.url?.includes('/logs')) {
        response.setHeader('content-type', 'text/event-stream');
        const last = request.headers['last-event-id'];
        if (last === undefined) {
          response.write('id: 8\nevent: log\ndata: {"offset":0,"text":"one\\ntwo "}\n\n');
          setTimeout(() => response.destroy(), 50);
        } else {
          resumedFrom.push(String(last));
          response.end(
            'id: 14\nevent: log\ndata: {"offset":8,"text":"halves\\n"}\n\nevent: end\ndata: {}\n\n',
          );
        }
        return;
      }
      looks += 1;
      const status = looks < 3 ? 'running' : 'success';
      const step = { name: 'build', kind: 'command', status, startedAt: 'now' };
      const steps = [{ ...step, durationMs: status === 'success' ? 1200 : null, reason: null }];
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ status, steps }));
    });
    const lines: string[] = [];
    const ended = await followPipeline({
      client,
      id: 'run_1',
      print: (line) => lines.push(line),
      paint: painter(false),
    });
    expect(ended.status).toBe('success');
    expect(resumedFrom).toEqual(['8']);
    expect(lines).toEqual([
      'build ● running',
      'build │ one',
      'build │ two halves',
      'build ✓ success  1.2 s',
    ]);
  });
});
