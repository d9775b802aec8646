import { describe, expect, it } from '@jest/globals';
import type { GateDecisionKind } from '../../contracts/gate/types.ts';
import { GateVotes } from './gate.state.ts';

const says = (deciderId: string, decision: GateDecisionKind) => ({
  gateId: 'g',
  deciderId,
  decision,
  reason: null,
});

describe('votes at a gate', () => {
  it('opens at the quorum, counting each person once [A-PIPE-03]', () => {
    const votes = new GateVotes(2);
    votes.add(says('ann', 'approve'));
    votes.add(says('ann', 'approve'));
    expect(votes.verdict()).toBeNull();
    votes.add(says('ben', 'approve'));
    expect(votes.verdict()).toBe('approved');
  });

  it('closes at one rejection, even beside approvals [A-PIPE-03]', () => {
    const votes = new GateVotes(1);
    votes.add(says('ann', 'reject'));
    votes.add(says('ben', 'approve'));
    expect(votes.verdict()).toBe('rejected');
  });

  it('lets the run go on at a skip [A-PIPE-03]', () => {
    const votes = new GateVotes(3);
    votes.add(says('ann', 'skip'));
    expect(votes.verdict()).toBe('skipped');
  });
});
