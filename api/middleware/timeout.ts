import type { MiddlewareHandler } from 'hono';
import { DomainError } from '../../contracts/problems.ts';
import type { AppEnv } from '../env.ts';

/** Answers `timed_out` when a handler takes longer; streams have no such limit and are not wrapped. */
export function timeout(afterMs: number): MiddlewareHandler<AppEnv> {
  return async (_c, next) => {
    let timer: NodeJS.Timeout | undefined;
    const cut = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(
          new DomainError('timed_out', `It took longer than ${Math.round(afterMs / 1000)} s.`, {
            retryAfterSeconds: 5,
          }),
        );
      }, afterMs);
    });
    try {
      await Promise.race([next(), cut]);
    } finally {
      clearTimeout(timer);
    }
  };
}
