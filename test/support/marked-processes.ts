import { readdirSync, readFileSync } from 'node:fs';
import { eventually } from './eventually.ts';

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

/** Waits until no living process holds the marker: the kernel takes them away a moment after they were killed. */
export async function untilGone(...markers: string[]): Promise<void> {
  await eventually(() => {
    const left = markers.flatMap((marker) => processesWith(marker));
    if (left.length > 0) throw new Error(left.join('\n'));
    return Promise.resolve(true);
  });
}

/** Waits until at least so many living processes hold the marker. */
export async function untilThere(marker: string, count = 1): Promise<string[]> {
  return await eventually(() => {
    const found = processesWith(marker);
    return Promise.resolve(found.length >= count ? found : undefined);
  });
}
