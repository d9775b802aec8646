/**
 * Does a named piece of work on an input of strangers away from the thread that everybody waits for, within limits of time
 * and memory. Input and answer are plain data: they are copied. `what` names the input to people, such as a file.
 * Errors: DomainError of the work itself; `unprocessable` when it was ended at a limit; `unavailable` when too much waits.
 */
export type RunHeavy = (task: string, args: readonly unknown[], what: string) => Promise<unknown>;

/** What is asked of a thread; one at a time. */
export interface HeavyOrder {
  task: string;
  args: readonly unknown[];
}

/** What it answers: the result, a refusal in words for people, or a fault of ours. */
export type HeavyAnswer =
  | { kind: 'done'; value: unknown }
  | { kind: 'refused'; code: string; message: string; errors: readonly unknown[] }
  | { kind: 'failed'; message: string };
