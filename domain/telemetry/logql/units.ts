const sizes: Record<string, number> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  pb: 1e15,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  pib: 2 ** 50,
};
const seconds: Record<string, number> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** Bytes of `1.5MiB` and its like, also of a bare number; null where the text is none. */
export function parseBytes(text: string): number | null {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(text.trim()) ?? [];
  const size = unit === '' ? 1 : sizes[unit.toLowerCase()];
  return digits === undefined || size === undefined ? null : Number(digits) * size;
}

/** Seconds of a duration as Go writes it, `1h2m3.5s`; null where the text is none. */
export function parseGoDuration(text: string): number | null {
  const [, sign = '', rest = ''] = /^([-+]?)(.+)$/.exec(text.trim()) ?? [];
  if (rest === '0') return 0;
  if (!/^(?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return null;
  let sum = 0;
  for (const [, digits, unit] of rest.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|μs|ms|s|m|h)/g)) {
    sum += Number(digits) * seconds[unit!]!;
  }
  return sign === '-' ? -sum : sum;
}

/** A label's value as the number it says; null where it is none. */
export function parseAs(unit: 'number' | 'duration' | 'bytes', text: string): number | null {
  if (unit === 'duration') return parseGoDuration(text);
  if (unit === 'bytes') return parseBytes(text);
  return /^[-+]?(?:\d|\.\d|inf|nan)/i.test(text.trim()) && text.trim() !== ''
    ? numberOrNull(text.trim())
    : null;
}

function numberOrNull(text: string): number | null {
  if (/^[-+]?inf(?:inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^[-+]?nan$/i.test(text)) return NaN;
  const value = Number(text);
  return Number.isNaN(value) ? null : value;
}
