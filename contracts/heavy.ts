/** What is said of a piece of work to whoever does it. */
export interface HeavyLabel {
  /** names the input to people, such as a file */
  what: string;
  /** on whose account it is done, such as the name of an owner: nobody's work holds up that of others */
  whose: string;
  /** ends within moments whatever it is given: never waits behind what may take long */
  isQuick: boolean;
}

/**
 * Does a named piece of work on an input of strangers away from the thread that everybody waits for, within limits of time
 * and memory. Input and answer are plain data: they are copied.
 * Errors: DomainError of the work itself; `unprocessable` when it was ended at a limit; `unavailable` when too much waits.
 */
export type RunHeavy = (
  task: string,
  args: readonly unknown[],
  label: HeavyLabel,
) => Promise<unknown>;

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
