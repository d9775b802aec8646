import { readdirSync, readFileSync } from 'node:fs';

/** Command lines of living processes that hold the marker. */
export function processesWith(marker: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (line.includes(marker)) found.push(`${pid} ${line}`);
    } catch {
      continue;
    }
  }
  return found;
}
