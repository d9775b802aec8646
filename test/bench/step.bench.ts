import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, getPriority, loadavg } from 'node:os';
import { join } from 'node:path';
import { newWorkspace, openStepBench, stepSpec } from '../support/steps.ts';

/**
 * What a sandboxed step costs over running its command by hand. In one run, one after the other in turn: the peer is
 * `sh -c` with its output read; ours is `start` to the end of `wait` on a fresh attempt of its own, network included.
 * Milliseconds. Budget: 40 ms p50 over the peer (design, section 10).
 */
const rounds = 100;
const command = 'echo hello';

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Number(
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1),
  );
}

function byHand(): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.resume();
    child.stderr.resume();
    child.on('error', reject).on('close', () => resolve(performance.now() - started));
  });
}

const bench = await openStepBench();
const base = await newWorkspace(bench);
const runId = base.root.slice(base.root.lastIndexOf('/') + 1);

async function sandboxed(
  network: 'egress' | 'none',
): Promise<{ total: number; firstLine: number }> {
  const space = await bench.workspaces.beginStep(runId, 'step', 1, []);
  const started = performance.now();
  const execution = await bench.executor.start(stepSpec(space, [command], { network }));
  let firstLine = 0;
  for await (const chunk of execution.output) {
    if (firstLine === 0 && chunk.length > 0) firstLine = performance.now() - started;
  }
  const result = await execution.wait();
  if (result.exitCode !== 0) throw new Error(`the step ended with ${JSON.stringify(result)}`);
  return { total: performance.now() - started, firstLine };
}

const peer: number[] = [];
const ours: Record<'egress' | 'none', number[]> = { egress: [], none: [] };
const first: number[] = [];
for (let round = -10; round < rounds; round += 1) {
  const [hand, none, egress] = [await byHand(), await sandboxed('none'), await sandboxed('egress')];
  if (round < 0) continue;
  peer.push(hand);
  ours.none.push(none.total);
  ours.egress.push(egress.total);
  first.push(egress.firstLine);
}
const figures = (values: readonly number[]): { p50: number; p95: number } => ({
  p50: quantile(values, 0.5),
  p95: quantile(values, 0.95),
});
const over = ours.egress.map((value, index) => value - (peer[index] ?? 0));
const results = {
  what: 'cost of a step over running its command by hand, ms',
  command,
  rounds,
  cores: cpus().length,
  // what else the machine did meanwhile, and the niceness of both sides
  loadAverage: Number((loadavg()[0] ?? 0).toFixed(1)),
  nice: getPriority(),
  peer: { 'sh -c': figures(peer) },
  ours: { egress: figures(ours.egress), none: figures(ours.none), firstLine: figures(first) },
  overPeer: figures(over),
  budget: { overPeerP50: 40 },
  withinBudget: figures(over).p50 <= 40,
};
await bench.close();
const folder = join(process.cwd(), 'test', 'bench', 'results');
await mkdir(folder, { recursive: true });
await writeFile(join(folder, 'step.json'), `${JSON.stringify(results, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
