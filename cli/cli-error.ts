/** Something the user can put right, told in one sentence; the exit code is 1, or 2 for a wrong command line. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}
