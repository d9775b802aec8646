import { mkdtemp, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { measurePushes, quantile } from '../support/push-bench.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

/*
 * push → first line, by the number of files that the run checks out: from the moment the push was recorded to the moment a
 * follower has the first line of step 1. The peer is `git clone --depth 1` of the same repository over HTTP, into a new
 * folder after each push, in turn with it.
 */
const SIZES = (process.env['BENCH_FILES'] ?? '1,200,10000').split(',').map(Number);
const PUSHES = Number(process.env['BENCH_PUSHES'] ?? 12);
const WARM = 3;

/** Files of about 1.5 KB of text, a hundred in a folder. */
function treeOf(count: number): Record<string, string> {
  const text = (n: number): string =>
    Array.from(
      { length: 30 },
      (_, line) => `export const v${n}_${line} = ${n * 31 + line * 7};`,
    ).join('\n');
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`src/d${Math.floor(n / 100)}/f${n}.ts`, text(n)]),
  );
}

async function measure(slipway: Slipway, files: number): Promise<object> {
  const clones: number[] = [];
  const { toFirstLine, pushes } = await measurePushes(slipway, {
    ...{ project: `files-${files}`, pushes: PUSHES, warm: WARM, files: treeOf(files) },
    between: async (work) => {
      const folder = await mkdtemp(path.join(tmpdir(), 'slipway-clone-'));
      const url = (await work.git('remote', 'get-url', 'origin')).trim();
      const began = performance.now();
      await work.git('clone', '--quiet', '--depth', '1', url, path.join(folder, 'clone'));
      clones.push(performance.now() - began);
      await removeFolder(folder);
    },
  });
  const figures = (values: readonly number[]) => ({
    p50: quantile(values, 0.5),
    p95: quantile(values, 0.95),
  });
  return {
    files,
    pushToFirstLineMs: figures(toFirstLine),
    peer: { 'git clone --depth 1': figures(clones) },
    gitPushCommandMs: figures(pushes),
  };
}

await setup();
try {
  const slipway = await startSlipway({ env: { LOG_LEVEL: 'warn' } });
  try {
    const sizes: object[] = [];
    for (const files of SIZES) sizes.push(await measure(slipway, files));
    const result = {
      at: new Date().toISOString(),
      node: process.version,
      cores: cpus().length,
      // what else the machine did meanwhile
      loadAverage: Number((loadavg()[0] ?? 0).toFixed(1)),
      pushes: PUSHES,
      sizes,
    };
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    const file = path.join(process.cwd(), 'test/bench/results/checkout.json');
    await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    await slipway.stop();
  }
} finally {
  await teardown();
}
process.exit(0);
