import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { HeavyAnswer, HeavyLabel, HeavyOrder, RunHeavy } from '../../contracts/heavy.ts';
import { DomainError, type ProblemCode, type ProblemDetail } from '../../contracts/problems.ts';

export interface ThreadPoolOptions {
  /** the program of a thread; beside this one when left out */
  file?: string;
  threads?: number;
  /** pieces of work that may wait for a thread */
  queue?: number;
  /** of those, quick or not, that may be one's own */
  share?: number;
  timeoutMs?: number;
  memoryMb?: number;
  /** a thread without work for so long is ended */
  idleMs?: number;
}

export interface ThreadPool {
  run: RunHeavy;
  /** threads there are now, at work or not */
  size(): number;
  close(): Promise<void>;
}

/** So many people's turns are remembered; whoever is not counts as never served. */
const remembered = 1000;

/** One piece of work, from the asking to the answer. */
interface Job {
  order: HeavyOrder;
  label: HeavyLabel;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

const defaults = {
  threads: 3,
  queue: 200,
  share: 50,
  timeoutMs: 15_000,
  memoryMb: 256,
  idleMs: 300_000,
};

/**
 * A few warm threads for work on what strangers wrote. A piece of work that takes longer or more memory than it may is
 * ended with its thread, and another one takes its place; nobody else waits for it. Whoever was served longest ago
 * comes next; one thread is kept from what may take long, and nobody's long work has all the others. A thread holds
 * about 20 MiB: it starts with the first work for it, and ends when there was none for five minutes.
 */
export function createThreadPool(options: ThreadPoolOptions = {}): ThreadPool {
  const pool = new Pool({ ...defaults, ...options, file: options.file ?? threadFile() });
  return {
    run: (task, args, label) => pool.run({ task, args }, label),
    size: () => pool.size,
    close: () => pool.close(),
  };
}

class Pool {
  readonly #options: Required<ThreadPoolOptions>;
  readonly #waiting: Job[] = [];
  readonly #threads = new Set<Thread>();
  /** whose turn it was, the last one at the end */
  readonly #served = new Map<string, number>();
  #turns = 0;
  #isClosed = false;

  constructor(options: Required<ThreadPoolOptions>) {
    this.#options = options;
  }

  get size(): number {
    return this.#threads.size;
  }

  run(order: HeavyOrder, label: HeavyLabel): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed || this.#isFullFor(label)) {
        const message = 'Too much waits to be read at the moment.';
        return reject(new DomainError('unavailable', message, { retryAfterSeconds: 5 }));
      }
      this.#waiting.push({ order, label, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#waiting.splice(0)) {
      reject(new DomainError('unavailable', 'This process stops.'));
    }
    await Promise.all([...this.#threads].map((thread) => thread.stop()));
  }

  #isFullFor({ whose, isQuick }: HeavyLabel): boolean {
    if (this.#waiting.length >= this.#options.queue) return true;
    const own = this.#waiting.filter(
      ({ label }) => label.whose === whose && label.isQuick === isQuick,
    );
    return own.length >= this.#options.share;
  }

  #next(): void {
    for (let job = this.#pick(); job !== null; job = this.#pick()) {
      const idle = [...this.#threads].find((thread) => thread.isIdle);
      const thread = idle ?? (this.#threads.size < this.#options.threads ? this.#grow() : null);
      if (thread === null) return;
      this.#waiting.splice(this.#waiting.indexOf(job), 1);
      this.#noteTurn(job.label.whose);
      thread.take(job);
    }
  }

  /** Of what may begin, that of whom was served longest ago. */
  #pick(): Job | null {
    const turnOf = ({ label }: Job) => this.#served.get(label.whose) ?? 0;
    return this.#waiting
      .filter((job) => this.#mayBegin(job.label))
      .reduce<Job | null>(
        (best, job) => (best === null || turnOf(job) < turnOf(best) ? job : best),
        null,
      );
  }

  /** One thread is left by quick work as by long one, and one more by the long work of the same people. */
  #mayBegin({ whose, isQuick }: HeavyLabel): boolean {
    const { threads } = this.#options;
    const alike = [...this.#threads]
      .map(({ label }) => label)
      .filter((label) => label?.isQuick === isQuick);
    if (alike.length >= Math.max(1, threads - 1)) return false;
    const own = alike.filter((label) => label?.whose === whose).length;
    return isQuick || own < Math.max(1, threads - 2);
  }

  #noteTurn(whose: string): void {
    this.#turns += 1;
    this.#served.delete(whose);
    this.#served.set(whose, this.#turns);
    const [oldest] = this.#served.keys();
    if (this.#served.size > remembered && oldest !== undefined) this.#served.delete(oldest);
  }

  #grow(): Thread {
    const thread = new Thread(this.#options, {
      idle: () => this.#next(),
      gone: () => {
        this.#threads.delete(thread);
        if (!this.#isClosed) this.#next();
      },
    });
    this.#threads.add(thread);
    return thread;
  }
}

interface Listener {
  idle: () => void;
  gone: () => void;
}

class Thread {
  readonly #worker: Worker;
  readonly #options: Required<ThreadPoolOptions>;
  #job: Job | null = null;
  #timer: NodeJS.Timeout | undefined;
  #cause: Error | null = null;
  #isResting = false;

  constructor(options: Required<ThreadPoolOptions>, listener: Listener) {
    this.#options = options;
    const { memoryMb } = options;
    this.#worker = new Worker(options.file, {
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 32 },
      env: {}, // nothing of ours is of use to it
      execArgv: [],
    });
    // The process stays for work under way, and for nothing else.
    this.#worker.unref();
    this.#worker.on('message', (answer: HeavyAnswer) => {
      this.#settle((job) => settleBy(answer, job));
      this.#restLater();
      listener.idle();
    });
    this.#worker.on('error', (error: Error & { code?: string }) => {
      this.#cause = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? this.#overMemory() : error;
    });
    this.#worker.on('exit', () => {
      const stopped = new DomainError('unavailable', 'The thread that reads it ended.');
      this.#settle((job) => job.reject(this.#cause ?? stopped));
      listener.gone();
    });
  }

  /** of the work at hand */
  get label(): HeavyLabel | null {
    return this.#job?.label ?? null;
  }

  get isIdle(): boolean {
    return this.#job === null && this.#cause === null && !this.#isResting;
  }

  take(job: Job): void {
    clearTimeout(this.#timer);
    this.#job = job;
    this.#worker.ref();
    this.#timer = setTimeout(() => {
      const seconds = String(this.#options.timeoutMs / 1000);
      this.#cause = refusal(job, `takes longer than ${seconds} seconds to be read`);
      this.#settle(({ reject }) => reject(this.#cause ?? new Error('it took too long')));
      void this.stop();
    }, this.#options.timeoutMs);
    this.#worker.postMessage(job.order);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #restLater(): void {
    this.#timer = setTimeout(() => {
      this.#isResting = true;
      void this.stop();
    }, this.#options.idleMs).unref();
  }

  #overMemory(): Error {
    const limit = `needs more than ${String(this.#options.memoryMb)} MiB to be read`;
    return this.#job === null ? new Error(limit) : refusal(this.#job, limit);
  }

  #settle(by: (job: Job) => void): void {
    const job = this.#job;
    clearTimeout(this.#timer);
    this.#job = null;
    this.#worker.unref();
    if (job !== null) by(job);
  }
}

function refusal({ label: { what } }: Job, limit: string): DomainError {
  return new DomainError('unprocessable', `${what} ${limit}: make it smaller or simpler.`, {
    errors: [{ pointer: what, detail: limit, rule: 'limit' }],
  });
}

function settleBy(answer: HeavyAnswer, { resolve, reject }: Job): void {
  if (answer.kind === 'done') return resolve(answer.value);
  if (answer.kind === 'failed') return reject(new Error(answer.message));
  const errors = answer.errors as ProblemDetail[];
  reject(new DomainError(answer.code as ProblemCode, answer.message, { errors }));
}

/** In a bundle it is a file beside it; from the source that of the last build. */
function threadFile(): string {
  const places = ['./heavy-thread.mjs', '../../dist/heavy-thread.mjs'];
  const files = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = files.find((file) => existsSync(file));
  if (found === undefined) throw new Error('heavy-thread.mjs is missing: build again');
  return found;
}
