/** Something about a backup that its operator can put right; the message is for people. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** What is said of a restore that somebody ended. */
export const interrupted = 'it was interrupted';

/** To be asked between two things that take a while. @throws BackupError when it was interrupted */
export function refuseInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new BackupError(interrupted);
}
