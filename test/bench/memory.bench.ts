import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepFigures, machineNow } from '../support/bench.ts';
import { type Held, heldBy } from '../support/memory.ts';
import { type Build, type Part, type Product, withBothProducts } from './support/baseline.ts';
import { makeLoad } from './support/load.ts';
import { judge } from './support/targets.ts';

/*
 * Memory of all processes together, and by kind: one minute after the start and after some more, after many pipelines,
 * and when these have been over for a while. Beside the build that the targets are told against; both rest together.
 */
const MINUTES = Number(process.env['BENCH_MINUTES'] ?? 10);
const PIPELINES = Number(process.env['BENCH_PIPELINES'] ?? 1000);
const REST_MINUTES = Number(process.env['BENCH_REST_MINUTES'] ?? 20);
const AT_ONCE = 20;
const minuteMs = 60_000;

interface Reading extends Held {
  when: string;
  /** resident memory of each kind of process, MB; files that several have count for each */
  residentMb: Record<Part, number>;
}

type Products = Record<Build, Product>;
type Readings = Record<Build, Reading[]>;

function read(product: Product, when: string): Reading {
  const residentMb = Object.fromEntries(
    Object.entries(product.usage()).map(([part, use]) => [part, Math.round(use.residentMb)]),
  ) as Record<Part, number>;
  const held = heldBy(product.pids());
  process.stdout.write(`  · ${product.build}, ${when}: ${String(held.total)} MiB\n`);
  return { when, ...held, residentMb };
}

async function runPipelines(product: Product): Promise<void> {
  const load = await makeLoad(product);
  for (let left = PIPELINES; left > 0; left -= AT_ONCE)
    await load.together(Math.min(left, AT_ONCE));
  await load.close();
}

async function follow(products: Products): Promise<Readings> {
  const readings: Readings = { ours: [], baseline: [] };
  const readBoth = (when: string) => {
    for (const product of Object.values(products))
      readings[product.build].push(read(product, when));
  };
  await sleep(Math.min(1, MINUTES) * minuteMs);
  readBoth('a minute after the start');
  await sleep(Math.max(0, MINUTES - 1) * minuteMs);
  readBoth(`${String(MINUTES)} minutes after the start`);
  if (PIPELINES > 0) {
    for (const product of Object.values(products)) await runPipelines(product);
    readBoth(`right after ${String(PIPELINES)} pipelines`);
    await sleep(REST_MINUTES * minuteMs);
    readBoth(`${String(REST_MINUTES)} minutes after them`);
  }
  return readings;
}

const machine = machineNow();
const { ours, baseline } = await withBothProducts(follow);
const grown = (readings: Reading[]): number =>
  (readings.at(-1)?.total ?? NaN) - (readings[1]?.total ?? NaN);
const targets = [
  judge(
    `memory of all processes, ${String(MINUTES)} minutes after the start`,
    'MiB',
    { ours: ours[1]?.total ?? NaN, other: baseline[1]?.total ?? NaN },
    '<= 550',
  ),
  ...(PIPELINES > 0
    ? [
        judge(
          `more of it after ${String(PIPELINES)} pipelines and ${String(REST_MINUTES)} minutes of rest`,
          'MiB',
          { ours: grown(ours), other: grown(baseline) },
          '<= 60',
        ),
      ]
    : []),
];
await keepFigures('memory', {
  what: 'memory of all processes of an installation, files counted once',
  at: new Date().toISOString(),
  ...machine,
  cpus: cpus().length,
  targets,
  ours,
  baseline,
});
process.exit(0);
