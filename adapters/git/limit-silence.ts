import type { ByteStream } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';

/** A timer that is set for longer than this fires at once. */
const longestMs = 2 ** 31 - 1;

/**
 * Passes bytes on and fails with `request_timeout` when the client sends nothing for so long. Only time counts in which
 * we wait for the client: not that in which git is busy with what came.
 */
export function limitSilence(input: ByteStream, silenceMs: number): ByteStream {
  const source = input[Symbol.asyncIterator]();
  const next = (): Promise<IteratorResult<Uint8Array>> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          const seconds = String(Math.round(silenceMs / 1000));
          reject(new DomainError('request_timeout', `The client sent nothing for ${seconds} s.`));
        },
        Math.min(silenceMs, longestMs),
      );
      source
        .next()
        .then(resolve, reject)
        .finally(() => {
          clearTimeout(timer);
        });
    });
  // A source that owes us an answer would let us wait for it.
  const end = (): Promise<IteratorResult<Uint8Array>> => {
    void source.return?.();
    return Promise.resolve({ done: true, value: undefined });
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: end }) };
}
