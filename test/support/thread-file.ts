import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');

/** The program of a thread, bundled from the source at hand: a stale `dist/` can hide a change. */
export async function buildThreadFile(): Promise<string> {
  const outfile = join(mkdtempSync(join(tmpdir(), 'slipway-thread-')), 'heavy-thread.mjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['workers/heavy-thread.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: {
      js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);",
    },
    logLevel: 'silent',
  });
  return outfile;
}
