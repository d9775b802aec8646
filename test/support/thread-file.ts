import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleForNode } from './bundle.ts';

const root = join(import.meta.dirname, '../..');

/** The program of a thread, bundled from the source at hand: a stale `dist/` can hide a change. */
export async function buildThreadFile(): Promise<string> {
  const outfile = join(mkdtempSync(join(tmpdir(), 'slipway-thread-')), 'heavy-thread.mjs');
  await bundleForNode(join(root, 'workers/heavy-thread.ts'), outfile);
  return outfile;
}
