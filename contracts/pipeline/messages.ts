import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { PipelineRunState } from './types.ts';

// Each only wakes the run: what was asked stands in its row, for whoever reaches Temporal can send a signal.
export const cancelRunSignal = defineSignal('cancelRun');
export const pauseRunSignal = defineSignal('pauseRun');
export const resumeRunSignal = defineSignal('resumeRun');
export const runStateQuery = defineQuery<PipelineRunState>('runState');
