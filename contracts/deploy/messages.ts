import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { DeploymentState } from './types.ts';

/** Something about the desired state changed: look at once. Carries nothing, the row is the truth. */
export const desiredChangedSignal = defineSignal('desiredChanged');
/** Stop what is being rolled out and undo it: a person, or an alert that names the deployment. */
export const abortSyncSignal = defineSignal<[{ reason: string }]>('abortSync');
export const deploymentStateQuery = defineQuery<DeploymentState>('deploymentState');
