import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../contracts/problems.ts';
import { Prisma } from '../prisma/generated/client.ts';
import { isTransientFailure } from './transient-failure.ts';

const clientVersion = 'test';
const known = (code: string, originalCode?: string) =>
  new Prisma.PrismaClientKnownRequestError('it failed: connect: where', {
    code,
    clientVersion,
    ...(originalCode === undefined
      ? {}
      : { meta: { driverAdapterError: { cause: { originalCode } } } }),
  });
const unknown = (message: string) =>
  new Prisma.PrismaClientUnknownRequestError(message, { clientVersion });

describe('a failure to handle an event', () => {
  it.each([
    ['a row that is not there', known('P2025')],
    ['a reference to what is gone', known('P2003')],
    ['a key that is taken', known('P2002')],
    ['a value that Postgres refuses', known('P2010', '22P05')],
    ['a query that cannot be', new Prisma.PrismaClientValidationError('no', { clientVersion })],
    ['an unknown one', unknown('a panic')],
    ['a fault of ours', new TypeError('x is not a function')],
    ['a full disk', new DomainError('disk_full', 'No space.')],
    ['a value that is sealed', new DomainError('sealed', 'No key.')],
    ['a repository that takes too long', new DomainError('timed_out', 'It took too long.')],
    ['what was asked for in vain', new DomainError('not_found', 'It is gone.')],
    ['something that is no error', 'P1001'],
  ])('is one of the event when it is %s [A-EVT-03]', (_, error) => {
    expect(isTransientFailure(error)).toBe(false);
  });

  it.each([
    ['a database that cannot be reached', known('P1001')],
    ['a pool without a free connection', known('P2024')],
    ['a transaction that took too long', known('P2028')],
    ['a conflict with another transaction', known('P2034')],
    ['a server that was shut down', known('P2010', '57P01')],
    ['a deadlock', known('P2039', '40P01')],
    ['a client that cannot start', new Prisma.PrismaClientInitializationError('no', clientVersion)],
    ['a connection that broke', unknown('Connection terminated unexpectedly')],
    ['a refused connection', Object.assign(new Error(''), { code: 'ECONNREFUSED' })],
    ['a service that is away', new DomainError('unavailable', 'Later.')],
  ])('is tried again for as long as it takes when it is %s [A-EVT-03]', (_, error) => {
    expect(isTransientFailure(error)).toBe(true);
  });
});
