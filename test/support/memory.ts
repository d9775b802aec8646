import { readFileSync } from 'node:fs';

/** Memory of some processes together, MiB. */
export interface Held {
  /** what only they have, and their part of what they share with each other; not that of other programs */
  total: number;
  /** of it: read from files, programs and libraries, each counted once */
  files: number;
}

interface Mapping {
  file: string | null;
  pssKb: number;
  rssKb: number;
}

const header = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ (\S+) (\d+)\s*(.*)$/;

/** Each mapping of a process, as /proc/<pid>/smaps tells them; none when it is gone. */
function mappingsOf(pid: number): Mapping[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${String(pid)}/smaps`, 'utf8');
  } catch {
    return [];
  }
  const found: Mapping[] = [];
  for (const line of text.split('\n')) {
    const start = header.exec(line);
    if (start) {
      const [, device = '', inode = '0'] = start;
      const file = inode === '0' ? null : `${device}:${inode}`;
      found.push({ file, pssKb: 0, rssKb: 0 });
      continue;
    }
    const [, key, kb] = /^(Pss|Rss):\s+(\d+) kB$/.exec(line) ?? [];
    const last = found.at(-1);
    if (last && key === 'Pss') last.pssKb = Number(kb);
    if (last && key === 'Rss') last.rssKb = Number(kb);
  }
  return found;
}

/**
 * Memory that processes hold together, as if nothing else ran on the machine: their private memory and their part of
 * what they share (PSS); of each file that they have mapped, the most that one of them has in memory. PSS alone would
 * count a program less where strangers run it, too.
 */
export function heldBy(pids: readonly number[]): Held {
  const files = new Map<string, number>();
  let anonymousKb = 0;
  for (const pid of pids) {
    const own = new Map<string, number>();
    for (const { file, pssKb, rssKb } of mappingsOf(pid)) {
      if (file === null) anonymousKb += pssKb;
      else own.set(file, (own.get(file) ?? 0) + rssKb);
    }
    for (const [file, kb] of own) files.set(file, Math.max(files.get(file) ?? 0, kb));
  }
  const filesKb = [...files.values()].reduce((sum, kb) => sum + kb, 0);
  const mib = (kb: number): number => Math.round((kb / 1024) * 10) / 10;
  return { total: mib(anonymousKb + filesKb), files: mib(filesKb) };
}
