import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request, type ClientRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { childrenLike } from '../support/faulty-git.ts';
import { makeWorkTree } from '../support/git-client.ts';
import {
  startGitServer,
  type GitServer,
  type TestRepository,
  type TestUser,
} from '../support/git-server.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let vera: TestUser;
/** its lists of refs have 10 MB */
let wide: TestRepository;
let own: TestRepository;
let folder: string;
let hold: string;
let diff: string;
const open: ClientRequest[] = [];

/** A git whose diffs do not end while the file `hold` is there. */
async function heldGit(): Promise<string> {
  const file = path.join(folder, 'git');
  const wait = `while [ -e ${hold} ]; do sleep 0.2; done`;
  const script = `#!/bin/sh\ncase "$*" in *" diff "*) ${wait} ;; esac\nexec git "$@"\n`;
  await writeFile(file, script, { mode: 0o755 });
  return file;
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-shares-'));
  hold = path.join(folder, 'hold');
  server = await startGitServer({ store: { gitPath: await heldGit() } });
  ann = await server.user('ann', 'developer');
  vera = await server.user('vera', 'viewer');
  own = await server.project(ann, 'own');
  wide = await server.project(ann, 'wide', { visibility: 'public' });
  const tree = await makeWorkTree(wide.url, ann.token);
  await tree.write({ a: 'a\n' });
  const first = await tree.commit('first');
  await tree.write({ a: 'b\n' });
  const second = await tree.commit('second');
  await tree.git('push', '-q', 'origin', 'main');
  await tree.remove();
  diff = `${server.baseUrl}${wide.api}/diff?from=${first}&to=${second}`;
  const tags = Array.from({ length: 40_000 }, (_, at) => {
    return `${first} refs/tags/${String(at).padStart(200, 'x')}\n`;
  });
  await appendFile(path.join(wide.dir, 'packed-refs'), tags.join(''));
});

afterEach(async () => {
  for (const one of open.splice(0)) one.destroy();
  await rm(hold, { force: true });
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Asks and reads nothing of the answer. */
function ask(url: string, body?: string, by?: TestUser): void {
  const asked = request(url, {
    method: body === undefined ? 'GET' : 'POST',
    agent: false,
    headers: {
      ...(by === undefined ? {} : { authorization: `Bearer ${by.token}` }),
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/x-git-upload-pack-request', 'git-protocol': 'version=2' }),
    },
  });
  asked
    .on('error', () => undefined)
    .on('response', (response) => {
      response.on('error', () => undefined);
    });
  asked.end(body);
  open.push(asked);
}

async function until(words: string, count: number): Promise<void> {
  await eventually(async () => ((await childrenLike(words)).length === count ? true : undefined));
}

/** After this many requests that hold a place each, nobody else was served. */
const many = 20;

async function othersRead(): Promise<void> {
  const branches = await server.api(ann, 'GET', `${own.api}/branches`);
  expect(branches.status).toBe(200);
}

describe('places of git', () => {
  it('for reading are no more than a share of one network or person: others are served [A-GIT-01]', async () => {
    await writeFile(hold, '');
    for (let at = 0; at < many; at += 1) ask(diff);
    const held = '--git-dir=. diff';
    await until(held, 4);
    for (let at = 0; at < many; at += 1) ask(diff, undefined, vera);
    // their own share each, and together that of the repository
    await until(held, 6);
    await othersRead();
    expect(await childrenLike(held)).toHaveLength(6);
    // Whoever goes away gives back what they hold, and what they wait for is never begun.
    for (const one of open.splice(0)) one.destroy();
    await until(held, 0);
    await othersRead();
    expect(await childrenLike(held)).toEqual([]);
  });

  it('for reading are not held by clients that do not take their list of refs [A-GIT-01]', async () => {
    const body = '0014command=ls-refs\n00010008peel0000';
    for (let at = 0; at < many; at += 1) ask(`${wide.url}/git-upload-pack`, body);
    await until('upload-pack --stateless-rpc --strict', 8);
    await othersRead();
    expect(await childrenLike('upload-pack --stateless-rpc --strict')).toHaveLength(8);
  });

  it('are held, and not our memory, by clients that do not take what info/refs says [A-GIT-01]', async () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 0; at < many; at += 1) ask(`${wide.url}/info/refs?service=git-upload-pack`);
    await until('--http-backend-info-refs', 8);
    await othersRead();
    // all of them together would take 200 MB
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });
});
