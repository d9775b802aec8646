import { parentPort } from 'node:worker_threads';
import type { HeavyAnswer, HeavyOrder } from '../contracts/heavy.ts';
import { DomainError } from '../contracts/problems.ts';
import { runHere } from '../domain/heavy/heavy.ts';

/** The program of a thread of adapters/threads: does one piece of work after the other. */
parentPort?.on('message', ({ task, args }: HeavyOrder) => {
  void runHere(task, args).then(
    (value) => tell({ kind: 'done', value }),
    (error: unknown) => tell(answerOf(error)),
  );
});

function answerOf(error: unknown): HeavyAnswer {
  if (error instanceof DomainError) {
    const { code, message, errors } = error;
    return { kind: 'refused', code, message, errors };
  }
  return { kind: 'failed', message: error instanceof Error ? error.message : 'it failed' };
}

function tell(answer: HeavyAnswer): void {
  parentPort?.postMessage(answer);
}
