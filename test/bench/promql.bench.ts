import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { evaluateQuery, type SampleSource } from '../../domain/telemetry/promql/evaluate.ts';
import { type LabelPair, Labels } from '../../domain/telemetry/promql/labels.ts';
import { matcherTest } from '../../domain/telemetry/promql/matcher-test.ts';
import { parsePromql } from '../../domain/telemetry/promql/parse.ts';
import type { StoredSeries } from '../../domain/telemetry/promql/values.ts';
import { keepFigures, machineNow, spread } from '../support/bench.ts';
import { freePort } from '../support/free-port.ts';

/*
 * PromQL over 1,000 series of an hour at 15 s, in turns with a Prometheus that holds the same samples (`prometheus` and
 * `promtool` on the PATH; without them ours alone). Ours is parsing, evaluating and writing JSON of samples that lie in
 * memory: it has no store of metrics behind it yet. The peer is asked over HTTP, so its reading and its JSON are in it.
 */
const SERIES = Number(process.env['BENCH_SERIES'] ?? 1000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const STEP = 15;
const LENGTH = 3600;
const start = Math.floor(Date.now() / 1000 / 7200) * 7200 - 4 * 7200;

const queries = [
  'requests_total',
  'sum by (job) (rate(requests_total[5m]))',
  'quantile by (job) (0.9, increase(requests_total[1m]))',
  'max_over_time(requests_total[10m])',
  'rate(requests_total[5m]) / on (pod) group_left rate(requests_total[10m])',
];

const labelsOf = (n: number): LabelPair[] => [
  ['__name__', 'requests_total'],
  ['job', `job-${String(n % 10)}`],
  ['pod', `pod-${String(n)}`],
];
const valueOf = (n: number, at: number): number => at * (1 + (n % 7)) + ((n * 31 + at * 17) % 5);
const points = LENGTH / STEP + 1;

function memory(): SampleSource {
  const series: StoredSeries[] = Array.from({ length: SERIES }, (_, n) => ({
    labels: Labels.of(labelsOf(n)),
    times: Float64Array.from({ length: points }, (__, at) => (start + at * STEP) * 1000),
    values: Float64Array.from({ length: points }, (__, at) => valueOf(n, at)),
    stale: null,
    histograms: null,
  }));
  return {
    select: (matchers) => {
      const tests = matchers.map(
        (matcher) => [matcher.name, matcherTest(matcher, { from: 0, to: 0 })] as const,
      );
      return Promise.resolve(
        series.filter(({ labels }) => tests.every(([name, fits]) => fits(labels.get(name)))),
      );
    },
  };
}

async function askOurs(
  source: SampleSource,
  query: string,
): Promise<{ ms: number; series: number }> {
  const began = performance.now();
  const grid = { start: start * 1000, step: STEP * 1000, count: points };
  const result = await evaluateQuery(parsePromql(query), { source, grid });
  if (result.type !== 'vector') throw new Error(result.type);
  const answer = result.series.map((one) => ({
    metric: Object.fromEntries(one.labels.pairs),
    values: Array.from(one.values, (value, at) => [start + at * STEP, String(value)]).filter(
      (_, at) => one.present[at] !== 0,
    ),
  }));
  JSON.stringify(answer);
  return { ms: performance.now() - began, series: answer.length };
}

async function askPeer(url: string, query: string): Promise<{ ms: number; series: number }> {
  const began = performance.now();
  const wanted = new URLSearchParams({
    query,
    start: String(start),
    end: String(start + LENGTH),
    step: String(STEP),
  });
  const answer = await fetch(`${url}/api/v1/query_range?${wanted.toString()}`);
  const text = await answer.text();
  const ms = performance.now() - began;
  const { data } = JSON.parse(text) as { data: { result: unknown[] } };
  return { ms, series: data.result.length };
}

/** A Prometheus with the same samples, or null where there is none on the PATH. */
async function startPeer(folder: string): Promise<{ url: string; process: ChildProcess } | null> {
  const metrics = path.join(folder, 'metrics.txt');
  const lines = Array.from({ length: SERIES }, (_, n) => {
    const [, ...labels] = labelsOf(n);
    const selector = labels.map(([name, value]) => `${name}="${value}"`).join(',');
    return Array.from(
      { length: points },
      (__, at) =>
        `requests_total{${selector}} ${String(valueOf(n, at))} ${String(start + at * STEP)}`,
    ).join('\n');
  });
  await writeFile(metrics, `# TYPE requests counter\n${lines.join('\n')}\n# EOF\n`);
  const data = path.join(folder, 'data');
  const config = path.join(folder, 'prometheus.yml');
  await writeFile(config, 'global: {}\n');
  try {
    execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '-q', metrics, data], {
      stdio: 'ignore',
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const port = await freePort();
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    '--storage.tsdb.retention.time=10d',
  ];
  const child = spawn('prometheus', [...args, `--web.listen-address=127.0.0.1:${String(port)}`], {
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${String(port)}`;
  for (let tries = 0; tries < 300; tries++) {
    const ready = await fetch(`${url}/-/ready`).catch(() => null);
    if (ready?.ok === true) return { url, process: child };
    await sleep(100);
  }
  child.kill();
  throw new Error('Prometheus is not ready after 30 s');
}

const machine = machineNow();
const folder = await mkdtemp(path.join(tmpdir(), 'slipway-promql-bench-'));
const source = memory();
const peer = await startPeer(folder);
try {
  const results = [];
  for (const query of queries) {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = -2; round < ROUNDS; round++) {
      const own = await askOurs(source, query);
      const other = peer && (await askPeer(peer.url, query));
      if (other && other.series !== own.series) {
        throw new Error(
          `${query}: ${String(own.series)} series of ours, ${String(other.series)} of the peer`,
        );
      }
      // two rounds to warm up
      if (round < 0) continue;
      ours.push(own.ms);
      if (other) theirs.push(other.ms);
    }
    const [oursMs, peerMs] = [spread(ours), peer ? spread(theirs) : null];
    const ratio = peerMs && Math.round((oursMs.p50 / peerMs.p50) * 100) / 100;
    results.push({ query, oursMs, peerMs, ratio, targetRatio: 3 });
  }
  await keepFigures('promql', {
    what: 'PromQL range queries over an hour at 15 s, ours in memory against Prometheus over HTTP',
    ...machine,
    series: SERIES,
    points,
    results,
  });
} finally {
  peer?.process.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true });
}
