/** Of one value and of the scalars that follow it. undefined: nothing comes of it. */
export type ElementFunction = (value: number, parameters: readonly number[]) => number | undefined;

const part =
  (of: (date: Date) => number): ElementFunction =>
  (value) => {
    const date = new Date(Math.floor(value) * 1000);
    return Number.isNaN(date.getTime()) ? NaN : of(date);
  };

const dayMs = 86_400_000;
const dayOfYear = (date: Date): number =>
  Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / dayMs) + 1;
const daysInMonth = (date: Date): number =>
  new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();

/** Go's minimum and maximum: NaN where one is. */
const clamp = (value: number, least: number, most: number): number | undefined =>
  most < least ? undefined : Math.max(least, Math.min(most, value));

function round(value: number, nearest: number): number {
  // the inverse loses less: 0.1 has no exact float, 10 has
  const inverse = 1 / nearest;
  return Math.floor(value * inverse + 0.5) / inverse;
}

/** Parts of a date, in UTC, of seconds since 1970; without an argument of the time of the query. */
export const dateFunctions: ReadonlyMap<string, ElementFunction> = new Map([
  ['day_of_month', part((date) => date.getUTCDate())],
  ['day_of_week', part((date) => date.getUTCDay())],
  ['day_of_year', part(dayOfYear)],
  ['days_in_month', part(daysInMonth)],
  ['hour', part((date) => date.getUTCHours())],
  ['minute', part((date) => date.getUTCMinutes())],
  ['month', part((date) => date.getUTCMonth() + 1)],
  ['year', part((date) => date.getUTCFullYear())],
]);

/** Functions that look at one value at a time. */
export const elementFunctions: ReadonlyMap<string, ElementFunction> = new Map<
  string,
  ElementFunction
>([
  ...dateFunctions,
  ...(
    ['abs', 'acos', 'acosh', 'asin', 'asinh', 'atan', 'atanh', 'ceil', 'cos', 'cosh'] as const
  ).map((name) => [name, Math[name]] as const),
  ...(['exp', 'floor', 'log10', 'log2', 'sin', 'sinh', 'sqrt', 'tan', 'tanh'] as const).map(
    (name) => [name, Math[name]] as const,
  ),
  ['clamp', (value, [least, most]) => clamp(value, least!, most!)],
  ['clamp_max', (value, [most]) => clamp(value, -Infinity, most!)],
  ['clamp_min', (value, [least]) => clamp(value, least!, Infinity)],
  ['deg', (value) => value * (180 / Math.PI)],
  ['ln', Math.log],
  ['rad', (value) => value * (Math.PI / 180)],
  ['round', (value, [nearest = 1]) => round(value, nearest)],
  ['sgn', Math.sign],
]);
