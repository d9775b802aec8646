import { defineSignal } from '@temporalio/workflow';
import type { GateDecision } from './types.ts';

export const decideGateSignal = defineSignal<[GateDecision]>('decideGate');
