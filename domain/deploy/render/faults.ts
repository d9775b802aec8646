import { DomainError } from '../../../contracts/problems.ts';
import type { RenderFault } from '../../../contracts/deploy/render.ts';
import { namesOurs } from './template-names.ts';

const MAX_FAULTS = 50;

/** Faults of one revision, so that an author sees all of them at once. */
export class FaultList {
  readonly #faults: RenderFault[] = [];

  get isEmpty(): boolean {
    return this.#faults.length === 0;
  }

  add(file: string, line: number, message: string): void {
    if (this.#faults.length < MAX_FAULTS) this.#faults.push({ file, line, message });
  }

  /** Runs a step that may refuse its file at once; null when it did. */
  attempt<T>(step: () => T): T | null {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof RenderRefusal)) throw error;
      this.add(error.file, error.line, error.message);
      return null;
    }
  }

  /** Throws `validation_failed` with everything that was found, if anything was. */
  throwIfAny(): void {
    const [first] = this.#faults;
    if (first === undefined) return;
    const more = this.#faults.length === 1 ? '' : ` (and ${this.#faults.length - 1} more)`;
    throw new DomainError(
      'validation_failed',
      `${first.file}:${first.line}: ${first.message}${more}`,
      {
        errors: this.#faults.map(({ file, line, message }) => ({
          pointer: `${file}:${line}`,
          detail: message,
          file,
          line,
        })),
      },
    );
  }
}

/** One file cannot be read any further. Caught by `FaultList.attempt`; never leaves this folder. */
export class RenderRefusal extends Error {
  readonly file: string;
  readonly line: number;

  constructor(file: string, line: number, message: string) {
    super(message);
    this.file = file;
    this.line = line;
  }
}

/** How another program's text gets through a template: the words of Helm. */
export const wayOut =
  'If it is meant for another program, write {{` before it and `}} after it, or put it into a file that uses none of ' +
  "Slipway's values: such a file is taken as it is.";

/** Why an action of a template is refused; with the way out where it names nothing that templates are given. */
export function refuseAction(
  { file, line }: { file: string; line: number },
  action: string,
  message: string,
): RenderRefusal {
  const hint = namesOurs(action) ? '' : `. ${wayOut}`;
  return new RenderRefusal(file, line, `{{ ${action} }}: ${message}${hint}`);
}
