import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepFigures, machineNow, type PartUsage } from '../support/bench.ts';
import { type MeasuredPushes, measurePushes, quantile } from '../support/push-bench.ts';
import {
  type Build,
  inTurns,
  type Part,
  type Product,
  type Usage,
  withBothProducts,
} from './support/baseline.ts';
import { type Load, makeLoad } from './support/load.ts';
import { type Statements, statementsOfOne } from './support/statements.ts';
import { judge, median } from './support/targets.ts';

/*
 * The hot path, beside the build that the targets are told against, in turns, the other one idle: pipelines of three steps
 * that do nothing, so many started at once, finished a second; the CPU of one of them in all processes; from a recorded
 * push to the first line in a follower's hand; SQL statements of one.
 */
const TURNS = Number(process.env['BENCH_TURNS'] ?? 3);
const RUNS = Number(process.env['BENCH_RUNS'] ?? 60);
const PUSHES = Number(process.env['BENCH_PUSHES'] ?? 36);
const COUNTED = Number(process.env['BENCH_COUNTED'] ?? 10);
const warm = { runs: 20, pushes: 3 };
/** What a run leaves to be done when it is over counts as well. */
const settleMs = 1_500;

interface Measured {
  perSecond: number[];
  /** CPU of one pipeline, all processes, ms, of each turn */
  cpuMs: number[];
  /** the same by kind of process, of all turns */
  cpuMsByPart: Partial<Record<Part, { ms: number; ofThemEnded: number }>>;
  pushes: MeasuredPushes;
  statements: Statements;
}

const empty = (): Measured => ({
  perSecond: [],
  cpuMs: [],
  cpuMsByPart: {},
  pushes: { toFirstLine: [], pushes: [] },
  statements: { statements: 0, transactions: 0 },
});

const say = (text: string): boolean => process.stdout.write(`  · ${text}\n`);
const tenth = (value: number): number => Math.round(value * 10) / 10;

function addUsage(into: Measured, before: Usage, after: Usage): void {
  let all = 0;
  for (const part of Object.keys(after) as Part[]) {
    const spent = (key: keyof PartUsage) => ((after[part][key] - before[part][key]) * 1000) / RUNS;
    all += spent('cpuSeconds');
    const { ms, ofThemEnded } = into.cpuMsByPart[part] ?? { ms: 0, ofThemEnded: 0 };
    into.cpuMsByPart[part] = {
      ms: ms + spent('cpuSeconds') / TURNS,
      ofThemEnded: ofThemEnded + spent('endedCpuSeconds') / TURNS,
    };
  }
  into.cpuMs.push(all);
}

async function takeTurn(product: Product, load: Load, into: Measured, turn: number) {
  await sleep(settleMs);
  const before = product.usage();
  const seconds = await load.together(RUNS);
  await sleep(settleMs);
  addUsage(into, before, product.usage());
  into.perSecond.push(RUNS / seconds);
  const pushed = await measurePushes(product, {
    project: `push-${String(turn)}`,
    pushes: Math.ceil(PUSHES / TURNS),
    warm: warm.pushes,
  });
  into.pushes.toFirstLine.push(...pushed.toFirstLine);
  into.pushes.pushes.push(...pushed.pushes);
  const told = [
    `${tenth(into.perSecond.at(-1) ?? 0)} a second`,
    `${Math.round(into.cpuMs.at(-1) ?? 0)} ms of CPU each`,
    `first line after ${quantile(pushed.toFirstLine, 0.5)} ms`,
  ];
  say(`turn ${turn + 1}, ${product.build}: ${told.join(', ')}`);
}

const figuresOf = ({ perSecond, cpuMs, cpuMsByPart, pushes, statements }: Measured) => ({
  perSecond: perSecond.map(tenth),
  cpuMs: cpuMs.map(Math.round),
  cpuMsByPart: Object.fromEntries(
    Object.entries(cpuMsByPart).map(([part, { ms, ofThemEnded }]) => [
      part,
      { ms: Math.round(ms), ofThemEnded: Math.round(ofThemEnded) },
    ]),
  ),
  pushToFirstLineMs: {
    p50: quantile(pushes.toFirstLine, 0.5),
    p95: quantile(pushes.toFirstLine, 0.95),
    n: pushes.toFirstLine.length,
  },
  gitPushCommandMs: { p50: quantile(pushes.pushes, 0.5), p95: quantile(pushes.pushes, 0.95) },
  statements,
});

function targetsOf({ ours, baseline }: Record<Build, Measured>) {
  const row = (what: string, unit: string, of: (one: Measured) => number, target: string | null) =>
    judge(what, unit, { ours: of(ours), other: of(baseline) }, target);
  const line = (q: number) => (one: Measured) => quantile(one.pushes.toFirstLine, q);
  return [
    row('pipelines of 3 trivial steps', 'a second', (one) => median(one.perSecond), '>= 3x'),
    row('CPU of one, all processes', 'ms', (one) => median(one.cpuMs), '<= 0.33x'),
    row('SQL statements of one', '', (one) => one.statements.statements, '<= 70'),
    row('SQL transactions of one', '', (one) => one.statements.transactions, '<= 9'),
    row('push recorded to first line, p50', 'ms', line(0.5), '<= 0.5x'),
    row('push recorded to first line, p95', 'ms', line(0.95), '<= 0.5x'),
  ];
}

async function compare(products: Record<Build, Product>) {
  const measured = { ours: empty(), baseline: empty() };
  const loads = {
    ours: await makeLoad(products.ours),
    baseline: await makeLoad(products.baseline),
  };
  for (const load of Object.values(loads)) await load.together(warm.runs);
  await inTurns(TURNS, products, (product, turn) =>
    takeTurn(product, loads[product.build], measured[product.build], turn),
  );
  for (const product of Object.values(products)) {
    const oneByOne = () => loads[product.build].oneByOne(COUNTED);
    measured[product.build].statements = await statementsOfOne(product, COUNTED, oneByOne);
    await loads[product.build].close();
  }
  return measured;
}

const machine = machineNow();
const measured = await withBothProducts(compare);
await keepFigures('pipeline', {
  what: 'pipelines of three trivial steps, and a push to its first line, beside another build in turns',
  at: new Date().toISOString(),
  ...machine,
  cpus: cpus().length,
  turns: TURNS,
  runsATurn: RUNS,
  targets: targetsOf(measured),
  ours: figuresOf(measured.ours),
  baseline: figuresOf(measured.baseline),
});
process.exit(0);
