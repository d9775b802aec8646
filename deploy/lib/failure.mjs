/** sysexits.h: a restart cannot help, a setting has to be changed first. */
export const exitConfig = 78;

/** A start that cannot go on, told in one sentence with its way out. Everything else that is thrown is a bug. */
export class StartFailure extends Error {
  /**
   * @param {string} message one sentence a newcomer can act on; never a secret
   * @param {number} [exitCode] what the process ends with; `exitConfig` where a setting has to be changed first
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.name = 'StartFailure';
    this.exitCode = exitCode;
  }
}

/** @param {unknown} error @returns {string} its code ('EACCES'), or its message when it has none */
export function reasonOf(error) {
  if (error instanceof Error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code;
    return code ?? error.message;
  }
  return String(error);
}
