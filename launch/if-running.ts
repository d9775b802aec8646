import { WorkflowNotFoundError } from '@temporalio/client';

/** Sends something to a workflow. Nothing happens where it has ended, or never ran. */
export async function ifRunning(send: () => Promise<unknown>): Promise<void> {
  try {
    await send();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
