import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { request, type RequestOptions } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { childrenLike } from '../support/faulty-git.ts';
import { makeWorkTree } from '../support/git-client.ts';
import {
  git,
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
let repository: TestRepository;
let scratch: string;
let wantBody: Buffer;

function packet(text: string): string {
  return (text.length + 4).toString(16).padStart(4, '0') + text;
}

beforeAll(async () => {
  server = await startGitServer({ store: { maxUploadPacks: 2, maxDownloads: 2, maxWaitMs: 1500 } });
  ann = await server.user('ann', 'developer');
  vera = await server.user('vera', 'viewer');
  repository = await server.project(ann, 'storm');
  scratch = await mkdtemp(path.join(tmpdir(), 'slipway-storm-'));
  const tree = await makeWorkTree(repository.url, ann.token);
  await writeFile(path.join(tree.dir, 'big'), randomBytes(48 * 1024 * 1024));
  const sha = await tree.commit('big');
  await tree.git('push', '-q', 'origin', 'main');
  await tree.remove();
  wantBody = Buffer.from(
    `${packet('command=fetch')}0001${packet('no-progress\n')}${packet(`want ${sha}\n`)}${packet('done\n')}0000`,
  );
});

afterAll(async () => {
  await server.stop();
  await rm(scratch, { recursive: true, force: true });
});

/** A client that asks for the whole pack and then reads nothing of it. */
function slowClone(by = ann): Promise<SlowAnswer> {
  const options = {
    method: 'POST',
    headers: {
      'content-type': 'application/x-git-upload-pack-request',
      'git-protocol': 'version=2',
      'content-length': wantBody.length,
    },
  };
  return slowly(by, `${repository.url}/git-upload-pack`, options, wantBody);
}

/** The same of a file. */
function slowFile(by: TestUser): Promise<SlowAnswer> {
  return slowly(by, `${server.baseUrl}${repository.api}/raw?path=big`, {});
}

interface SlowAnswer {
  status: number;
  retryAfter: string | undefined;
  leave: () => void;
}

function slowly(
  { token }: TestUser,
  url: string,
  { headers, ...options }: RequestOptions,
  body?: Buffer,
): Promise<SlowAnswer> {
  return new Promise((resolve, reject) => {
    const authorization = `Bearer ${token}`;
    const asked = request(url, {
      ...options,
      agent: false,
      headers: { ...(headers as object), authorization },
    });
    asked.on('response', (response) => {
      response.on('error', () => undefined);
      resolve({
        status: response.statusCode ?? 0,
        retryAfter: response.headers['retry-after'],
        leave: () => {
          asked.destroy();
        },
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

const packers = (): Promise<number[]> => childrenLike('upload-pack --stateless-rpc --strict');

async function untilPackers(count: number): Promise<void> {
  await eventually(async () => ((await packers()).length === count ? true : undefined));
}

describe('fetches under load', () => {
  it('are served a few at a time; the rest wait and are told to come back, listings pass [A-GIT-01]', async () => {
    const [one, two] = [await slowClone(), await slowClone(vera)];
    expect([one.status, two.status]).toEqual([200, 200]);
    await untilPackers(2);
    const began = performance.now();
    const third = await slowClone();
    expect(third.status).toBe(429);
    expect(Number(third.retryAfter)).toBeGreaterThan(0);
    expect(performance.now() - began).toBeGreaterThan(1400);
    const listing = await git(scratch, ['ls-remote', repository.url], { token: ann.token });
    expect(listing.stdout).toContain('refs/heads/main');
    const attempts: number[] = [];
    const waiting = slowClone();
    one.leave();
    // on a loaded machine its turn may come after its patience: then it comes back, as it was told to
    const served = await eventually(async () => {
      const answer = attempts.length === 0 ? await waiting : await slowClone();
      attempts.push(answer.status);
      return answer.status === 200 ? answer : undefined;
    });
    two.leave();
    served.leave();
    await untilPackers(0);
    const clone = await git(scratch, ['clone', '-q', repository.url, 'after'], {
      token: ann.token,
    });
    expect(clone.code).toBe(0);
  });

  it.each([
    ['clones', slowClone],
    ['files', slowFile],
  ] as const)(
    'hold half of the places for one caller who reads nothing of %s: others are served, and all who read otherwise [A-GIT-01]',
    async (_what, slow) => {
      const first = await slow(ann);
      expect(first.status).toBe(200);
      expect((await slow(ann)).status).toBe(429);
      const other = await slow(vera);
      expect(other.status).toBe(200);
      const tree = await server.api(ann, 'GET', `${repository.api}/tree`);
      expect(tree.status).toBe(200);
      first.leave();
      other.leave();
      await untilPackers(0);
    },
  );

  it('leave no process behind when the client goes away [A-GIT-01]', async () => {
    const one = await slowClone();
    await untilPackers(1);
    one.leave();
    await untilPackers(0);
  });

  it('do not pile up in memory when the client does not read [A-GIT-01]', async () => {
    global.gc?.();
    const before = process.memoryUsage().rss;
    const clones = [await slowClone(), await slowClone(vera)];
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const grown = (process.memoryUsage().rss - before) / 1024 / 1024;
    for (const clone of clones) clone.leave();
    await untilPackers(0);
    // both together have 96 MB to give
    expect(grown).toBeLessThan(48);
  });
});

/** A push that names its ref, begins its pack, and then says nothing more. */
function hangingPush({ url }: TestRepository, { token }: TestUser): HangingPush {
  const asked = request(`${url}/git-receive-pack`, {
    method: 'POST',
    agent: false,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/x-git-receive-pack-request',
      'transfer-encoding': 'chunked',
    },
  });
  asked.on('error', () => undefined);
  const answer = new Promise<{ status: number; text: string }>((resolve) => {
    asked.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text });
      });
      response.on('error', () => undefined);
    });
  });
  const head = `${'0'.repeat(40)} ${'a'.repeat(40)} refs/heads/x\0 report-status side-band-64k`;
  asked.write(`${packet(head)}0000PACK`);
  asked.write(Buffer.from([0, 0, 0, 2, 0, 0, 0xff, 0xff]));
  return { answer, leave: () => asked.destroy() };
}

interface HangingPush {
  answer: Promise<{ status: number; text: string }>;
  leave: () => void;
}

const receivers = (): Promise<number[]> => childrenLike('receive-pack --stateless-rpc');

async function untilReceivers(count: number): Promise<void> {
  await eventually(async () => ((await receivers()).length === count ? true : undefined));
}

describe('pushes that hang', () => {
  it('hold a process each for half of the places, and others push meanwhile [A-GIT-01]', async () => {
    const own = await startGitServer({ store: { maxReceivePacks: 4, maxWaitMs: 500 } });
    const bob = await own.user('bob', 'developer');
    const eve = await own.user('eve', 'developer');
    const target = await own.project(eve, 'held');
    const hanging = Array.from({ length: 6 }, () => hangingPush(target, eve));
    await untilReceivers(2);
    const late = await Promise.race(hanging.map(({ answer }) => answer));
    expect([late.status, (await receivers()).length]).toEqual([429, 2]);
    const place = await own.project(bob, 'free');
    const tree = await makeWorkTree(place.url, bob.token);
    await writeFile(path.join(tree.dir, 'a'), 'a');
    await tree.commit('a');
    await tree.git('push', '-q', 'origin', 'main');
    for (const one of hanging) one.leave();
    await untilReceivers(0);
    await tree.remove();
    await own.stop();
  });

  it('are given up when nothing comes for the time that is set, and told so [A-GIT-01]', async () => {
    const own = await startGitServer({ store: { silenceMs: 3000 } });
    const eve = await own.user('eve', 'developer');
    const target = await own.project(eve, 'silent');
    const hanging = hangingPush(target, eve);
    await untilReceivers(1);
    expect((await hanging.answer).text).toContain('The client sent nothing for 3 s.');
    await untilReceivers(0);
    const objects = await readdir(path.join(target.dir, 'objects'));
    expect(objects.filter((name) => name.includes('incoming'))).toEqual([]);
    await own.stop();
  });
});

describe('pushes that break off', () => {
  it('leave neither process nor quarantine behind [A-GIT-01]', async () => {
    const push = hangingPush(repository, ann);
    await untilReceivers(1);
    push.leave();
    await untilReceivers(0);
    const objects = await readdir(path.join(repository.dir, 'objects'));
    expect(objects.filter((name) => name.includes('incoming'))).toEqual([]);
  });

  it('are refused when the pack is over the limit, and nothing of it stays [A-GIT-03]', async () => {
    const small = await startGitServer({ config: { git: { maxPushBytes: 1_048_576 } } });
    const bob = await small.user('bob', 'developer');
    const target = await small.project(bob, 'small');
    const tree = await makeWorkTree(target.url, bob.token);
    await writeFile(path.join(tree.dir, 'big'), randomBytes(3 * 1024 * 1024));
    await tree.commit('big');
    const push = await git(tree.dir, ['push', 'origin', 'main'], { token: bob.token });
    expect(push.code).not.toBe(0);
    expect(push.stderr).toMatch(/maximum allowed size|pack exceeds/);
    expect(await small.store.listRefs('bob/small.git')).toEqual([]);
    const objects = await readdir(path.join(target.dir, 'objects'));
    expect(objects.filter((name) => name.includes('incoming'))).toEqual([]);
    await tree.remove();
    await small.stop();
  });

  it('are refused when their body claims another type or an unknown coding [A-GIT-09]', async () => {
    const post = (headers: Record<string, string>) =>
      server.api(ann, 'POST', '/ann/storm.git/git-receive-pack', {}, headers);
    expect((await post({})).status).toBe(415);
    const type = 'application/x-git-receive-pack-request';
    expect((await post({ 'content-type': type, 'content-encoding': 'br' })).status).toBe(415);
    expect(
      (await server.api(ann, 'GET', '/ann/storm.git/info/refs?service=git-shell')).status,
    ).toBe(400);
    expect(
      (await server.api(ann, 'GET', '/ann/strom.git/info/refs?service=git-upload-pack')).status,
    ).toBe(404);
    expect(server.errors).toEqual([]);
  });
});
