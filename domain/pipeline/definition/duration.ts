const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of `90s`, `10m`, `1h30m`, `30d`; null when it is no duration or longer than a year. */
export function parseDuration(text: string): number | null {
  const part = /(\d{1,9})(ms|s|m|h|d)/y;
  let total = 0;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (match === null) return null;
    total += Number(match[1]) * (units[match[2] ?? ''] ?? 0);
  }
  return total > 0 && total <= 365 * 86_400_000 ? total : null;
}

/** `600000` → `10m`; the largest units that fit. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${String(ms)}ms`;
  let rest = Math.floor(ms / 1000);
  const parts: string[] = [];
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / seconds);
    if (count > 0) parts.push(`${String(count)}${unit}`);
    rest -= count * seconds;
  }
  return parts.slice(0, 2).join('');
}
