import { ActivityFailure } from '@temporalio/workflow';

/** What went wrong in an activity, in the words of whoever failed. */
export function failureText(error: unknown): string {
  if (error instanceof ActivityFailure) return error.cause?.message ?? error.message;
  return error instanceof Error ? error.message : 'unknown failure';
}
