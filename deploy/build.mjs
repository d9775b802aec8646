#!/usr/bin/env node
/**
 * Builds what is out of date: server bundles (esbuild), the workflow bundle (Temporal's own bundler), the web (vite).
 * `node deploy/build.mjs [--all] [part …]`; without arguments only parts whose sources changed are built.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import {
  buildParts,
  folderInputs,
  readStamps,
  staleParts,
  stampOf,
  writeStamps,
} from './lib/build-parts.mjs';
import { compressFolder } from './lib/compress-folder.mjs';
import { withLock } from './lib/folder-lock.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { generateClient } from './lib/prepare.mjs';
import { fail, note, secondsSince } from './lib/progress.mjs';
import { queryCompiler } from './lib/query-compiler.mjs';
import { runCommand } from './lib/run-command.mjs';
import { writeAtomically } from './lib/stamps.mjs';

/** @typedef {import('./lib/build-parts.mjs').BuildPart} BuildPart */

/**
 * One entry point into one file; npm packages stay outside, our own code comes in.
 * @param {BuildPart} part
 * @returns {Promise<string[]>} the files it was made of
 */
async function buildServer(part) {
  const { build } = await import('esbuild');
  const result = await build({
    absWorkingDir: root,
    ...entryOf(part),
    outfile: part.output,
    bundle: true,
    ...(part.names ? {} : { packages: 'external' }),
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: true,
    sourcesContent: false,
    treeShaking: true,
    metafile: true,
    write: false,
    logLevel: 'silent',
    assetNames: '[name]',
    plugins: part.names ? [withoutSideEffects] : [queryCompiler],
  });
  for (const file of result.outputFiles) await writeAtomically(file.path, file.contents);
  return Object.keys(result.metafile.inputs).filter((name) => !name.includes(':'));
}

/** @param {BuildPart} part */
function entryOf(part) {
  if (!part.names) return { entryPoints: [part.entry] };
  const lines = Object.entries(part.names).map(
    ([file, names]) => `export { ${names.join(', ')} } from '${file}';`,
  );
  const contents = lines.join('\n');
  return { stdin: { contents, resolveDir: root, sourcefile: `${part.name}.names.ts` } };
}

/** Only values are wanted from such a part: a package that is not needed for them stays out. */
const withoutSideEffects = {
  name: 'without-side-effects',
  /** @param {import('esbuild').PluginBuild} build */
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, (args) => ({
      path: args.path,
      external: true,
      sideEffects: false,
    }));
  },
};

/**
 * The deterministic code of all workflows, bundled once so that a worker starts without bundling.
 * @param {BuildPart} part
 * @returns {Promise<string[]>}
 */
async function buildWorkflows(part) {
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const interceptors = ['workflows/interceptors.ts', 'workflows/interceptors/index.ts'];
  const { code } = await bundleWorkflowCode({
    workflowsPath: inRoot(part.entry),
    workflowInterceptorModules: interceptors.map((name) => inRoot(name)).filter(existsSync),
    failureConverterPath: inRoot('workflows/interceptors/failure-converter.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  await writeAtomically(inRoot(part.output), code);
  return folderInputs(part);
}

/**
 * @param {BuildPart} part
 * @returns {Promise<string[]>}
 */
async function buildWeb(part) {
  const inputs = await folderInputs(part);
  const vite = inRoot('node_modules', 'vite', 'bin', 'vite.js');
  const args = [vite, 'build', '--logLevel', 'warn'];
  const { code, tail } = await runCommand(process.execPath, args, {
    cwd: inRoot('web'),
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (code !== 0) throw new Error(tail.trim());
  await compressFolder(inRoot('web', 'dist'));
  return inputs;
}

const builders = { server: buildServer, workflows: buildWorkflows, web: buildWeb };

/**
 * @param {BuildPart} part
 * @returns {Promise<[string, import('./lib/build-parts.mjs').Stamp] | string>} the new stamp, or what went wrong
 */
async function buildPart(part) {
  const startedMs = Date.now();
  try {
    const stamp = await stampOf(part, await builders[part.kind](part));
    note(`built ${part.name} in ${secondsSince(startedMs)}`);
    return [part.name, stamp];
  } catch (error) {
    return `${part.name}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** @param {string[]} args */
async function main(args) {
  await mkdir(inRoot('dist'), { recursive: true });
  return withLock(inRoot('dist', '.lock'), async () => {
    await generateClient();
    const named = buildParts.filter((part) => args.includes(part.name));
    const wanted = named.length > 0 ? named : buildParts;
    const present = wanted.filter((part) => existsSync(inRoot(part.entry)));
    const parts = args.includes('--all') || named.length > 0 ? present : await staleParts(wanted);
    // the web builds in a process of its own; the bundlers in this one take turns by themselves
    const results = await Promise.all(parts.map(buildPart));
    const done = results.filter((result) => Array.isArray(result));
    await writeStamps({ ...(await readStamps()), ...Object.fromEntries(done) });
    const failures = results.filter((result) => typeof result === 'string');
    for (const failure of failures) fail(`Could not build ${failure}`);
    return failures.length === 0 ? 0 : 1;
  });
}

process.exitCode = await main(process.argv.slice(2));
