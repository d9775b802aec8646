#!/usr/bin/env node
/**
 * `npm run bench [-- name …]`: runs test/bench/*.bench.{mjs,ts} one after the other. Each writes its figures to
 * test/bench/results/<name>.json. `--table` prints what these say of targets, and runs nothing.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { inRoot, root } from './lib/paths.mjs';
import { buildStale, generateClient, installPackages } from './lib/prepare.mjs';
import { bold, fail } from './lib/progress.mjs';
import { spawn } from 'node:child_process';

/**
 * @param {string} name of a file in test/bench
 * @returns {Promise<string>} a file that node can run
 */
async function runnable(name) {
  const source = inRoot('test', 'bench', name);
  if (!name.endsWith('.ts')) return source;
  const { build } = await import('esbuild');
  // as deep below the root as the source: paths relative to the file stay right
  const outfile = inRoot('dist', 'bench', name.replace(/\.ts$/, '.mjs'));
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: true,
  });
  return outfile;
}

/** @param {string} file @returns {Promise<number>} */
function run(file) {
  const child = spawn(process.execPath, ['--enable-source-maps', '--expose-gc', file], {
    cwd: root,
    stdio: 'inherit',
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

/**
 * The rows of `targets` of all results, as a table in Markdown; test/bench/support/targets.ts says what they are.
 * @returns {Promise<string>}
 */
async function targetsTable() {
  const folder = inRoot('test', 'bench', 'results');
  const rows = [
    ['bench', 'what', 'ours', 'beside', 'ratio', 'target', 'met'],
    Array.from({ length: 7 }, () => '---'),
  ];
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.json')).sort()) {
    const { targets } = JSON.parse(await readFile(path.join(folder, name), 'utf8'));
    for (const { what, unit, ours, beside, ratio, target, met } of targets ?? []) {
      const other = beside === null ? '' : `${beside.figure} (${beside.name})`;
      const told = [other, ratio === null ? '' : `${ratio}x`, target ?? 'told'];
      const verdict = met === null ? '' : met ? 'yes' : 'no';
      rows.push([path.basename(name, '.json'), what, `${ours} ${unit}`.trim(), ...told, verdict]);
    }
  }
  return rows.map((row) => `| ${row.join(' | ')} |\n`).join('');
}

if (process.argv.includes('--table')) {
  process.stdout.write(await targetsTable());
  process.exit(0);
}
await installPackages();
await generateClient();
await buildStale();
await mkdir(inRoot('test', 'bench', 'results'), { recursive: true });
const wanted = process.argv.slice(2);
const names = (await readdir(inRoot('test', 'bench')))
  .filter((name) => /\.bench\.(mjs|ts)$/.test(name))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort();
for (const name of names) {
  process.stdout.write(`\n${bold(path.basename(name))}\n`);
  if ((await run(await runnable(name))) !== 0) {
    fail(`${name} failed`);
    process.exitCode = 1;
  }
}
