import { workflowInfo } from '@temporalio/workflow';

/** Long before the engine's limit (design section 4). */
const maxEvents = 5000;

/** True when a workflow that runs for ever should go on in a fresh history. */
export function isHistoryLong(): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength > maxEvents;
}
