import { describe, expect, it } from '@jest/globals';
import type { GateDecision } from '../../contracts/gate/types.ts';
import { GateVotes } from './gate.state.ts';

const says = (deciderId: string, decision: GateDecision['decision']) => ({
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

  it('lets the run go on without it when as many say so as would have to approve [A-PIPE-03]', () => {
    const votes = new GateVotes(2);
    votes.add(says('ann', 'skip'));
    expect(votes.verdict()).toBeNull();
    votes.add(says('ben', 'approve'));
    expect(votes.verdict()).toBeNull();
    votes.add(says('cat', 'skip'));
    expect(votes.verdict()).toBe('skipped');
  });

  it('is void once it was overtaken, whatever was said before [A-PIPE-03]', () => {
    const votes = new GateVotes(2);
    votes.add(says('ann', 'approve'));
    votes.add(says('system', 'void'));
    expect(votes.verdict()).toBe('void');
  });
});
