import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../contracts/problems.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { refusalOfDatabase } from './database-refusal.ts';

const clientVersion = 'test';
const known = (code: string, originalCode?: string) =>
  new Prisma.PrismaClientKnownRequestError('it failed', {
    code,
    clientVersion,
    ...(originalCode === undefined
      ? {}
      : { meta: { driverAdapterError: { cause: { originalCode } } } }),
  });

describe('what the database refuses', () => {
  it.each([
    ['NUL in a text', known('P2010', '22021'), 'NUL or half of a character (22021)'],
    ['half of a character in JSON', known('P2010', '22P05'), 'NUL or half of a character (22P05)'],
    ['a value that is too long', known('P2000'), 'too long (P2000)'],
    ['more than an index holds', known('P2010', '54000'), 'an index holds (54000)'],
    ['a number that is too large', known('P2020'), 'too large (P2020)'],
    ['what a check forbids', known('P2010', '23514'), 'not accepted (23514)'],
    [
      'a query that cannot be',
      new Prisma.PrismaClientValidationError('no', { clientVersion }),
      'kind',
    ],
  ] as [string, Error, string][])(
    'is final for %s, in words without the value [A-PIPE-05, A-EVT-03]',
    (_, error, said) => {
      expect(refusalOfDatabase(error)).toContain(said);
    },
  );

  it.each([
    ['a database that is away', known('P1001')],
    ['a conflict with another transaction', known('P2034')],
    ['a key that is taken', known('P2002', '23505')],
    ['a row that is gone', known('P2025')],
    ['a full disk', known('P2010', '53100')],
    ['a refusal of ours', new DomainError('unavailable', 'Later.')],
    ['a fault of ours', new TypeError('x is not a function')],
  ])('is not final for %s [A-PIPE-05]', (_, error) => {
    expect(refusalOfDatabase(error)).toBeNull();
  });
});
