import type { StepResult } from '../../contracts/pipeline/types.ts';
import { DomainError } from '../../contracts/problems.ts';

/** Writes a line into the log of the step. */
type Note = (line: string) => Promise<void>;

/** A step that failed where the disk is full most likely failed for that: its own words rarely say whose disk. */
export async function withSpaceProblem(
  result: StepResult,
  spaceProblem: (() => Promise<string | null>) | undefined,
  note: Note,
): Promise<StepResult> {
  if (result.status !== 'failure') return result;
  // A disk that cannot be looked at is no reason to run the step again.
  const problem = (await spaceProblem?.().catch(() => null)) ?? null;
  if (problem === null) return result;
  await note(`[slipway] the disk is nearly full: ${problem}`);
  return { ...result, reason: `${result.reason ?? 'failed'}; the disk is nearly full: ${problem}` };
}

/**
 * Stores what a step made, and gives why it could not: a sentence, else null. Where there is no room for it the step fails
 * and says so; tried again it would run all of its commands again, to the same end.
 */
export async function orNoRoom(
  store: () => Promise<string | null>,
  note: Note,
): Promise<string | null> {
  try {
    return await store();
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'disk_full') throw error;
    const sentence = `its artifacts could not be stored: ${error.message}`;
    await note(`[slipway] ${sentence}`);
    return sentence;
  }
}
