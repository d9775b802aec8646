#!/usr/bin/env node
/** `npm run promql`: runs Prometheus' own tests against our evaluator and writes docs/promql-conformance.md. */
import { pathToFileURL } from 'node:url';
import { inRoot } from './lib/paths.mjs';
import { installPackages } from './lib/prepare.mjs';

await installPackages();
const { build } = await import('esbuild');
const outfile = inRoot('dist', 'promql', 'write-report.mjs');
await build({
  entryPoints: [inRoot('test', 'promql', 'write-report.ts')],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
});
process.chdir(inRoot());
await import(pathToFileURL(outfile).href);
