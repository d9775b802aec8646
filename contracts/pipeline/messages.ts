import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { PipelineRunState } from './types.ts';

export const cancelRunSignal = defineSignal<[{ reason: string }]>('cancelRun');
export const pauseRunSignal = defineSignal('pauseRun');
export const resumeRunSignal = defineSignal('resumeRun');
export const runStateQuery = defineQuery<PipelineRunState>('runState');
