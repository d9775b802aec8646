import { ConfigError } from '../adapters/config/config-error.ts';
import { type WorkerQueue, workerQueues } from './create-workers.ts';

/**
 * Takes `--queues core,git,build` (or `--queues=…`) out of the arguments; all queues without it.
 * @throws ConfigError naming the word that is no queue
 */
export function readQueues(args: readonly string[]): {
  queues: readonly WorkerQueue[];
  rest: string[];
} {
  const rest: string[] = [];
  let queues: readonly WorkerQueue[] = workerQueues;
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (arg === '--queues') {
      i += 1;
      queues = parse(args[i] ?? '');
    } else if (arg.startsWith('--queues=')) {
      queues = parse(arg.slice('--queues='.length));
    } else {
      rest.push(arg);
    }
  }
  return { queues, rest };
}

function parse(text: string): WorkerQueue[] {
  return text.split(',').map((word) => {
    const queue = workerQueues.find((name) => name === word.trim());
    if (queue === undefined)
      throw new ConfigError(
        `--queues: "${word}" is no queue; expected some of ${workerQueues.join(', ')}`,
      );
    return queue;
  });
}
