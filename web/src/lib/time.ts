const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Distance of `at` from `now` in the shortest words: "just now", "4m ago", "in 3h", "12d ago", then a date. */
export function relativeTime(at: number, now: number): string {
  const distance = now - at;
  const size = Math.abs(distance);
  if (size < 10_000) return 'just now';
  const words = shortDistance(size);
  if (words === null) return calendarDate(at, now);
  return distance >= 0 ? `${words} ago` : `in ${words}`;
}

function shortDistance(size: number): string | null {
  if (size < minute) return `${Math.floor(size / 1000)}s`;
  if (size < hour) return `${Math.floor(size / minute)}m`;
  if (size < day) return `${Math.floor(size / hour)}h`;
  if (size < 30 * day) return `${Math.floor(size / day)}d`;
  return null;
}

function calendarDate(at: number, now: number): string {
  const date = new Date(at);
  const sameYear = date.getFullYear() === new Date(now).getFullYear();
  const month = date.toLocaleString('en', { month: 'short' });
  return sameYear
    ? `${date.getDate()} ${month}`
    : `${date.getDate()} ${month} ${date.getFullYear()}`;
}

/** How long something took: "240ms", "4.2s", "48s", "1m 05s", "2h 03m", "3d 04h". */
export function formatDuration(ms: number): string {
  if (ms < 0) return '0s';
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  if (ms < minute) return `${Math.floor(ms / 1000)}s`;
  if (ms < hour) return `${Math.floor(ms / minute)}m ${pad((ms % minute) / 1000)}s`;
  if (ms < day) return `${Math.floor(ms / hour)}h ${pad((ms % hour) / minute)}m`;
  return `${Math.floor(ms / day)}d ${pad((ms % day) / hour)}h`;
}

function pad(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}

/** A size in bytes with one decimal at most: "812 B", "4.1 kB", "20 MB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = -1;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const text = value < 10 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value));
  return `${text} ${units[unit] ?? ''}`;
}

/** The first seven characters of a commit id. */
export function shortSha(sha: string): string {
  return sha.slice(0, 7);
}
