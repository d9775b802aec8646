import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { GateDecision } from '../gate/types.ts';
import type { PipelineRunState } from './types.ts';

export const cancelRunSignal = defineSignal<[{ reason: string }]>('cancelRun');
export const pauseRunSignal = defineSignal('pauseRun');
export const resumeRunSignal = defineSignal('resumeRun');
export const decideGateSignal = defineSignal<[GateDecision]>('decideGate');
export const runStateQuery = defineQuery<PipelineRunState>('runState');
