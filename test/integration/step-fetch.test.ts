import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, type Duplex } from 'node:stream';
import type { ExecutionSpec } from '../../adapters/executor/executor.ts';
import { createGitStore } from '../../adapters/git/git-store.ts';
import { serveStepFetches, type StepFetches } from '../../adapters/git/serve-step.ts';
import { checkoutScript } from '../../adapters/workspace/checkout.ts';
import type { GitStore, UploadPackOptions } from '../../contracts/git/store.ts';
import { openAttackLedger } from '../support/attack-ledger.ts';
import { eventually } from '../support/eventually.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { openStepBench, runStep, type StepBench } from '../support/steps.ts';

const origin = 'https://slipway.example.test/ann/app.git';
const inside = 'http://10.0.2.4';

let bench: StepBench;
let store: GitStore;
let home: string;
let head: string;
let counter = 0;
const errors: unknown[] = [];
const attacks = openAttackLedger(
  'step-to-repositories',
  'ways to a repository by the address of fetches',
);

function git(...args: string[]): string {
  const author = { GIT_AUTHOR_NAME: 'Ann', GIT_AUTHOR_EMAIL: 'ann@example.test' };
  const committer = { GIT_COMMITTER_NAME: 'Ann', GIT_COMMITTER_EMAIL: 'ann@example.test' };
  const none = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const env = { ...process.env, ...none, ...author, ...committer };
  return execFileSync('git', args, { cwd: join(home, 'work'), encoding: 'utf8', env }).trim();
}

function serve(reads: Pick<GitStore, 'advertise' | 'uploadPack'> = store): StepFetches {
  const repository = { repoPath: 'ann/app.git', fullName: 'ann/app', cloneUrl: origin, whose: 'p' };
  return serveStepFetches(reads, repository, (error) => errors.push(error));
}

/** A step over a clone of the newest commit alone; its lines, without those that echo a command. */
async function step(
  commands: readonly string[],
  more: Partial<ExecutionSpec> = { service: serve() },
  on = bench,
): Promise<string[]> {
  counter += 1;
  const runId = `run_${String(counter)}`;
  const of = { sha: head, ref: 'refs/heads/main', depth: 1, tags: false, origin };
  await on.workspaces.prepareBase(runId, {
    fill: (tree) => store.layClone('ann/app.git', tree, of),
    script: checkoutScript,
  });
  const space = await on.workspaces.beginStep(runId, 'step', 1, []);
  const { output } = await runStep(on.executor, space, commands, { network: 'egress', ...more });
  return output.split('\n').filter((line) => line !== '' && !line.startsWith('$ '));
}

const ask = (url: string, token?: string): string =>
  `curl -sS -m 5 -w ' %{http_code}\\n' ${token === undefined ? '' : `-H 'Authorization: Bearer ${token}'`} ${url} 2>&1 || true`;
const refs = (name: string): string => `${inside}/${name}.git/info/refs?service=git-upload-pack`;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'slipway-step-fetch-'));
  mkdirSync(join(home, 'work'));
  store = createGitStore({ root: home, hooksDir: join(home, 'hooks') });
  await store.create('ann/app.git', 'main');
  await store.create('ann/other.git', 'main');
  git('init', '-q', '-b', 'main');
  for (const n of ['1', '2', '3', '4']) git('commit', '-q', '--allow-empty', '-m', n);
  git('tag', '-a', 'v1', '-m', 'one', 'HEAD~3');
  git('branch', 'side', 'HEAD~1');
  head = git('rev-parse', 'HEAD');
  for (const name of ['app', 'other']) {
    const to = join(home, `ann/${name}.git`);
    git('push', '-q', to, 'main', 'side', 'v1', 'HEAD~2:refs/slipway/hidden');
  }
  bench = await openStepBench({ warmNetworks: 1 });
}, 240_000);
afterAll(async () => {
  attacks.close();
  await bench.close();
  await removeFolder(home);
  expect(errors).toEqual([]);
});

describe('what a step fetches', () => {
  it('is of its own repository, whatever the project lets the world see: history, tags, branches [A-PIPE-04]', async () => {
    const lines = await step([
      'git rev-list --count HEAD; git tag | wc -l',
      'git fetch -q --unshallow && git rev-list --count HEAD; git tag',
      'git fetch -q origin side && git rev-parse FETCH_HEAD',
      'git fetch -q --tags origin && git describe --tags',
      'git config remote.origin.url; git status --porcelain',
    ]);
    const described = `v1-3-g${head.slice(0, 7)}`;
    expect(lines).toEqual(['1', '0', '4', 'v1', git('rev-parse', 'side'), described, origin]);
  }, 60_000);

  it('comes in each version of the protocol, without the refs that nobody sees, and by a clone of the address [A-PIPE-04]', async () => {
    const lines = await step([
      'for v in 0 1 2; do git -c protocol.version=$v fetch -q --depth 2 origin side && git rev-list --count FETCH_HEAD; done',
      'git ls-remote origin | cut -f2',
      `git clone -q ${origin} ~/again; cd ~/again`,
      'git rev-list --count HEAD; git config remote.origin.url',
    ]);
    const all = ['HEAD', 'refs/heads/main', 'refs/heads/side', 'refs/tags/v1', 'refs/tags/v1^{}'];
    expect(lines).toEqual(['2', '2', '2', ...all, '4', origin]);
  }, 60_000);

  it('comes where the list of the project is empty, beside a proxy and settings of the step’s own [A-PIPE-04]', async () => {
    const own = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'x.y', GIT_CONFIG_VALUE_0: 'own' };
    const env = { ...own, HTTP_PROXY: 'http://127.0.0.1:9', http_proxy: 'http://127.0.0.1:9' };
    const more = { egressAllow: [], env, service: serve() };
    const lines = await step(
      ['git fetch -q --unshallow; git rev-list --count HEAD; git config x.y'],
      more,
    );
    expect(lines).toEqual(['4', 'own']);
  }, 60_000);

  it('is nothing without a network, where nothing leads there either', async () => {
    const lines = await step(['env | grep -c GIT_CONFIG || true'], {
      network: 'none',
      service: serve(),
    });
    expect(lines).toEqual(['0']);
  }, 60_000);

  it('comes in a network without walls too', async () => {
    const plain = await openStepBench({ egress: false, warmNetworks: 1 });
    try {
      const service = serve();
      const command = 'git fetch -q --unshallow; git rev-list --count HEAD';
      expect(await step([command], { service }, plain)).toEqual(['4']);
    } finally {
      await plain.close();
    }
  }, 60_000);
});

describe('the address that a step fetches from', () => {
  it('takes no push, and says so in words [A-PIPE-04]', async () => {
    const before = await store.listRefs('ann/app.git');
    const lines = await step([
      'git push origin HEAD:refs/heads/new 2>&1 || true',
      `curl -sS -X POST -H "$GIT_CONFIG_VALUE_1" ${inside}/ann/app.git/git-receive-pack`,
    ]);
    const said = lines.filter((line) => line.includes('Steps may read this repository only.'));
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(
      /^remote: .*https:\/\/USER:TOKEN@slipway\.example\.test\/ann\/app\.git/,
    );
    expect(await store.listRefs('ann/app.git')).toEqual(before);
  }, 60_000);

  it('knows no other repository, no other attempt and no other way in [A-PIPE-04]', async () => {
    const [mine, others] = [serve(), serve()];
    const half = mine.token.slice(0, -1);
    const keys = ['', 'Bearer', `Bearer ${others.token}`, `Bearer ${half}`, `Bearer ${half}~`];
    keys.push(`Basic ${Buffer.from(`x:${mine.token}`).toString('base64')}`, mine.token);
    const fetches = ['info/refs?service=git-upload-pack', 'git-upload-pack'];
    const pushes = ['info/refs?service=git-receive-pack', 'git-receive-pack'];
    const files = ['', 'HEAD', 'config', 'info/refs', 'objects/info/packs', 'info/refs?service=x'];
    const own = ['/ann/app.git'];
    const foreign = ['/ann/other.git', '/ann/app', '/ann/app.git/../other.git', '//ann/app.git'];
    foreign.push(
      '/ann/app.git%2f..%2fother.git',
      '/../ann/other.git',
      '',
      '/ann/app.git/ann/app.git',
    );
    const ways = (bases: string[], names: string[]): string[] =>
      bases.flatMap((base) => names.map((name) => `${base}/${name}`));
    const all = [
      ...keys.flatMap((key) => ways(own, [...fetches, ...pushes, 'HEAD']).map((at) => [key, at])),
      ...[...ways(own, [...pushes, ...files]), ...ways(foreign, [...fetches, ...pushes])].map(
        (at) => [`Bearer ${mine.token}`, at],
      ),
    ].flatMap((way) => ['GET', 'POST', 'PUT'].map((method) => [method, ...way]));
    const right = ['GET', `Bearer ${mine.token}`, `/ann/app.git/${String(fetches[0])}`];
    const env = { WANTED: JSON.stringify([...all, right]), SCRIPT: askEach };
    const more = { service: mine, env };
    const lines = await step(
      ['node -e "$SCRIPT"', `git ls-remote ${inside}/ann/other.git 2>&1 || true`],
      more,
    );
    for (const index of all.keys()) attacks.note(/^(403|404|415)$/.test(lines[index] ?? ''));
    expect(new Set(lines.slice(0, all.length))).toEqual(new Set(['403', '404']));
    expect(lines[all.length]).toBe('200');
    expect(lines).toContain('remote: This step may read ann/app only.');
  }, 60_000);

  it('is closed when the attempt is over, whose token opens nothing any more [A-PIPE-04]', async () => {
    const first = serve();
    const hold = 'curl -sN -X POST -H "$GIT_CONFIG_VALUE_1"';
    const asked: UploadPackOptions[] = [];
    const slow = serve({
      advertise: (...args) => store.advertise(...args),
      uploadPack: (_path, options) => {
        asked.push(options);
        return Promise.resolve(Readable.from(endless()));
      },
    });
    const type = "-H 'Content-Type: application/x-git-upload-pack-request'";
    await step(
      [
        `(setsid ${hold} ${type} ${inside}/ann/app.git/git-upload-pack > took &)`,
        'until [ -s took ]; do sleep 0.05; done',
      ],
      { service: slow },
    );
    expect(asked).toHaveLength(1);
    await eventually(async () => Promise.resolve(asked[0]?.signal.aborted === true || undefined));
    expect(await step([ask(refs('ann/app'), first.token)], { service: first })).toEqual(
      expect.arrayContaining([expect.stringMatching(/ 200$/)]),
    );
    const after = await step([ask(refs('ann/app'), first.token)], {});
    expect(after.join('\n')).toMatch(/reset|empty reply|refused/i);
    const next = await step([ask(refs('ann/app'), first.token)]);
    expect(next).toContain('This is open to the git of this attempt of the step alone.');
    first.close();
    const closed = await step([ask(refs('ann/app'), first.token)], { service: first });
    expect(closed.join('\n')).toMatch(/reset|empty reply|refused/i);
  }, 60_000);

  it('is told to git by the environment alone: no file and no command line holds the token [A-PIPE-04]', async () => {
    const service = serve();
    const commandLines: string[] = [];
    const connect = (connection: Duplex): void => {
      commandLines.push(...allCommandLines());
      service.connect(connection);
    };
    await step(['git fetch -q --unshallow; git fetch -q --tags origin; git gc -q'], {
      service: { ...service, connect },
    });
    expect(commandLines.filter((line) => line.includes('remote-http'))).not.toEqual([]);
    expect(commandLines.filter((line) => line.includes(service.token))).toEqual([]);
    const found = execFileSync('sh', ['-c', `grep -rlF -e "$TOKEN" "$FOLDER" || true`], {
      env: { ...process.env, TOKEN: service.token, FOLDER: bench.folder },
      encoding: 'utf8',
    });
    expect(found).toBe('');
  }, 60_000);
});

/** The status of each request in turn: paths go out as they are written, without anything between. */
const askEach = `
const http = require('node:http');
const type = 'application/x-git-upload-pack-request';
(async () => {
  for (const [method, authorization, path] of JSON.parse(process.env.WANTED)) {
    console.log(await new Promise((done) => {
      const headers = { 'content-type': type, ...(authorization === '' ? {} : { authorization }) };
      const request = http.request({ host: '10.0.2.4', method, path, headers, agent: false }, (answer) => {
        answer.resume().on('end', () => done(answer.statusCode));
      });
      request.on('error', (error) => done(error.code)).end(method === 'GET' ? '' : '0000');
    }));
  }
})();`;

function allCommandLines(): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      return '';
    }
  });
}

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) {
    yield Buffer.alloc(1024, 'x');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
