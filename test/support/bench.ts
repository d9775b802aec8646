import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';

/** A quantile of measured times, rounded to whole milliseconds. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0);
}

/** Median and 95th percentile, and of how many. */
export function spread(values: readonly number[]): { p50: number; p95: number; n: number } {
  return { p50: quantile(values, 0.5), p95: quantile(values, 0.95), n: values.length };
}

/** What the machine was like when a bench began: figures mean little without it. */
export function machineNow(): { node: string; cpus: number; loadBefore: number } {
  const loadBefore = Math.round((loadavg()[0] ?? 0) * 10) / 10;
  return { node: process.version, cpus: cpus().length, loadBefore };
}

/** Prints the figures of a bench and keeps them as test/bench/results/<name>.json. */
export async function keepFigures(name: string, figures: object): Promise<void> {
  const text = `${JSON.stringify(figures, null, 2)}\n`;
  process.stdout.write(text);
  const folder = path.resolve('test/bench/results');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, `${name}.json`), text);
}

/** CPU seconds spent and memory held (MB) by a part of what runs. */
export interface PartUsage {
  cpuSeconds: number;
  /** how much of it children took that have ended */
  endedCpuSeconds: number;
  residentMb: number;
}

interface ProcessRow extends PartUsage {
  pid: number;
  parent: number;
  command: string;
}

const ticksPerSecond = 100;
const pageMb = 4096 / 1024 / 1024;

function readProcess(pid: number): ProcessRow | null {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // the name, in brackets, may hold spaces
    const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const seconds = (...fields: number[]): number =>
      fields.reduce((sum, field) => sum + Number(rest[field]), 0) / ticksPerSecond;
    return {
      pid,
      parent: Number(rest[1]),
      command: readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').replaceAll('\0', ' '),
      cpuSeconds: seconds(11, 12, 13, 14),
      endedCpuSeconds: seconds(13, 14),
      residentMb: Number(rest[21]) * pageMb,
    };
  } catch {
    return null;
  }
}

/** A process and all beneath it, as they are now. */
export function processTree(root: number): ProcessRow[] {
  const rows = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
  const byParent = new Map<number, ProcessRow[]>();
  for (const row of rows) byParent.set(row.parent, [...(byParent.get(row.parent) ?? []), row]);
  const found = rows.filter((row) => row.pid === root);
  // the list grows while it is walked
  for (const row of found) found.push(...(byParent.get(row.pid) ?? []));
  return found;
}

/**
 * What processes (those beneath this one, unless told) have used so far, added up by part. A process belongs to the part
 * whose pattern its own command line matches, else to that of its parent; children that have ended count with their
 * parent.
 */
export function usageByPart<Part extends string>(
  parts: Readonly<Record<Part, RegExp>>,
  rows: readonly ProcessRow[] = processTree(process.pid).slice(1),
): Record<Part, PartUsage> {
  const byPid = new Map(rows.map((row) => [row.pid, row]));
  const names = Object.keys(parts) as Part[];
  const partOf = (row: ProcessRow | undefined): Part | null =>
    row === undefined
      ? null
      : (names.find((name) => parts[name].test(row.command)) ?? partOf(byPid.get(row.parent)));
  const usage = Object.fromEntries(
    names.map((name) => [name, { cpuSeconds: 0, endedCpuSeconds: 0, residentMb: 0 }]),
  ) as Record<Part, PartUsage>;
  for (const row of rows) {
    const part = partOf(row);
    if (part === null) continue;
    usage[part].cpuSeconds += row.cpuSeconds;
    usage[part].endedCpuSeconds += row.endedCpuSeconds;
    usage[part].residentMb += row.residentMb;
  }
  return usage;
}
