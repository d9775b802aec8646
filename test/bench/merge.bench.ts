import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

/*
 * Merging in a repository of 10,000 files, in turn, in one run: POST …/merge (access, rules, the merge on the bare
 * repository, its record, event and audit row) against plain `git merge --no-ff` of the same two commits in a work tree.
 * Each merge brings 100 changed files into a target that has changed 100 others meanwhile.
 */
const FILES = Number(process.env['BENCH_FILES'] ?? 10_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7);
const CHANGED = 100;

const nameOf = (n: number) => `src/${String(n % 100)}/${String(n)}.ts`;

function filesFrom(start: number, count: number, word: string): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      nameOf((start + n) % FILES),
      `export const n${String(n)} = '${word}';\n`.repeat(20),
    ]),
  );
}

async function repository(slipway: Slipway): Promise<WorkTree> {
  await slipway.request('POST', '/api/v1/projects', { name: 'large' });
  const tree = await makeWorkTree(`${slipway.baseUrl}/admin/large.git`, slipway.adminToken);
  await tree.write(filesFrom(0, FILES, 'first'));
  await tree.commit('first');
  await tree.git('push', '-q', 'origin', 'main');
  return tree;
}

interface Round {
  oursMs: number;
  peerMs: number;
}

/** Diverges topic and main, merges them by plain git, then by the API. */
async function round(slipway: Slipway, tree: WorkTree, n: number): Promise<Round> {
  const topic = `topic-${String(n)}`;
  const at = n * 2 * CHANGED;
  await tree.git('checkout', '-q', '-B', topic, 'main');
  await tree.write(filesFrom(at, CHANGED, topic));
  await tree.commit(topic);
  await tree.git('checkout', '-q', 'main');
  await tree.write(filesFrom(at + CHANGED, CHANGED, `main ${String(n)}`));
  await tree.commit(`main ${String(n)}`);
  await tree.git('push', '-q', 'origin', 'main', topic);
  const body = { title: topic, sourceBranch: topic };
  const base = '/api/v1/projects/admin/large/merge-requests';
  const opened = await slipway.request('POST', base, body);
  const { number } = opened.body as { number: number };

  await tree.git('checkout', '-q', '-B', 'peer', 'main');
  const peerBegan = performance.now();
  await tree.git('merge', '-q', '--no-ff', '-m', 'merge', topic);
  const peerMs = performance.now() - peerBegan;

  const began = performance.now();
  const merged = await slipway.request('POST', `${base}/${String(number)}/merge`, {
    style: 'merge',
  });
  const oursMs = performance.now() - began;
  if (merged.status !== 200) throw new Error(JSON.stringify(merged.body));
  await tree.git('fetch', '-q', 'origin');
  const [ours, peers] = await Promise.all([
    tree.git('rev-parse', 'origin/main^{tree}'),
    tree.git('rev-parse', 'peer^{tree}'),
  ]);
  if (ours !== peers) throw new Error('the two merges differ');
  await tree.git('checkout', '-q', '-B', 'main', 'origin/main');
  return { oursMs, peerMs };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0);
}

await setup();
const slipway = await startSlipway();
try {
  const tree = await repository(slipway);
  const rounds: Round[] = [];
  for (let n = 0; n <= ROUNDS; n += 1) rounds.push(await round(slipway, tree, n));
  // The first one warms up.
  const [ours, peers] = (['oursMs', 'peerMs'] as const).map((key) =>
    rounds.slice(1).map((one) => one[key]),
  );
  const [oursMs, peerMs] = [median(ours ?? []), median(peers ?? [])];
  const result = {
    what: `merge of ${String(CHANGED)} changed files in a repository of ${String(FILES)}, against git merge --no-ff`,
    rounds: ROUNDS,
    cpus: cpus().length,
    loadAverage: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    oursMs,
    peerMs,
    ratio: Math.round((oursMs / Math.max(1, peerMs)) * 100) / 100,
    oursWorstMs: Math.round(Math.max(...(ours ?? [0]))),
    peerWorstMs: Math.round(Math.max(...(peers ?? [0]))),
  };
  console.log(result);
  const folder = path.resolve('test/bench/results');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'merge.json'), `${JSON.stringify(result, null, 2)}\n`);
  await tree.remove();
} finally {
  await slipway.stop();
  await teardown();
}
