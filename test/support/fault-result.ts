import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '../fault/results');

/** What one fault run came to. `doubles`: effects that were seen more than once, or to two ends. */
export interface FaultFigures {
  seed: number;
  /** faults that were seen to happen, by kind */
  faults: Record<string, number>;
  runs: number;
  converged: number;
  doubles: number;
  seconds: number;
  [more: string]: unknown;
}

/** Keeps the figures of a run in test/fault/results/<name>.json, where SLIPWAY_FAULT_SAVE=1 asks for it. */
export function saveFaultResult(name: string, where: string, figures: FaultFigures): void {
  if (process.env['SLIPWAY_FAULT_SAVE'] !== '1') return;
  const file = path.join(folder, `${name}.json`);
  const known = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)
    : {};
  const date = new Date().toISOString().slice(0, 10);
  mkdirSync(folder, { recursive: true });
  const result = { ...known, [where]: { date, cpus: cpus().length, ...figures } };
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
}
