import { defineSignal } from '@temporalio/workflow';
import type { GateDecision } from './types.ts';

/**
 * Something was decided at a gate of this workflow: its row is to be read. Whoever reaches Temporal can send it, so it says
 * nothing; the decision that it carried counts only where histories of before are replayed.
 */
export const decideGateSignal = defineSignal<[GateDecision?]>('decideGate');
