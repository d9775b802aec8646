import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/activity';
import { DomainError } from '../contracts/problems.ts';
import { Prisma } from '../prisma/generated/client.ts';
import { translating } from './translating.ts';

const failing = (error: Error) => translating(() => Promise.reject(error))();
const known = (code: string, originalCode: string) =>
  new Prisma.PrismaClientKnownRequestError('it failed', {
    code,
    clientVersion: 'test',
    meta: { driverAdapterError: { cause: { originalCode } } },
  });

describe('what an activity fails with', () => {
  it('is final where the database can never take the text, with the reason in words [A-PIPE-05, A-CORE-10]', async () => {
    const failure = await failing(known('P2010', '22021')).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ nonRetryable: true, type: 'unprocessable' });
    expect((failure as Error).message).toContain('a text holds NUL or half of a character');
  });

  it('is tried again while the database is away [A-CORE-10]', async () => {
    const away = known('P1001', '08006');
    await expect(failing(away)).rejects.toBe(away);
  });

  it('is final for what a person has to change [A-CORE-10]', async () => {
    const failure = failing(new DomainError('validation_failed', 'No.'));
    await expect(failure).rejects.toMatchObject({ nonRetryable: true, type: 'validation_failed' });
  });
});
