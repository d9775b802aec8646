import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { DeploymentState } from './types.ts';

/** Something about the desired state changed: reconcile at once. Carries nothing, the row is the truth. */
export const desiredChangedSignal = defineSignal('desiredChanged');
/**
 * Somebody wants what is being rolled out undone: the row of the sync says so, and why. The reason that the signal carried
 * counts only where histories of before are replayed.
 */
export const abortSyncSignal = defineSignal<[{ reason: string }?]>('abortSync');
/** Something about a preview changed: what its merge request wants is reconciled again. */
export const previewChangedSignal = defineSignal('previewChanged');
export const deploymentStateQuery = defineQuery<DeploymentState>('deploymentState');
