import { codesOf } from './tx.ts';

/** Postgres' classes and Prisma's codes of a value that is refused the same however often it is sent, and why in plain words. */
const reasons: readonly [RegExp, string][] = [
  [/^(22021|22P05)$/, 'a text holds NUL or half of a character'],
  [/^(22001|P2000)$/, 'a value is too long'],
  [/^(54\w{3})$/, 'a value is longer than an index holds'],
  [/^(22003|P2020|P2033)$/, 'a number is too large'],
  [/^(22\w{3}|23502|23514|P20(05|06|07|11|12|13|19|23))$/, 'a value is not accepted'],
];

/**
 * Why the database can never take what it was given, without the value itself; null for every failure that a further try
 * need not meet. Keys that are taken and rows that are gone are none: another transaction may have been at work.
 */
export function refusalOfDatabase(error: unknown): string | null {
  const codes = [...codesOf(error)];
  for (const [pattern, reason] of reasons) {
    const code = codes.find((one) => pattern.test(one));
    if (code !== undefined) return `The database refuses it: ${reason} (${code}).`;
  }
  const isInvalid = error instanceof Error && error.name === 'PrismaClientValidationError';
  return isInvalid ? 'The database refuses it: a value is not of its kind.' : null;
}
