import { describe, expect, it } from '@jest/globals';
import { openedGate } from './opened-gate.ts';

const createdAt = new Date('2026-01-01T12:00:00Z');
const gate = {
  id: 'gat_1',
  subjectType: 'deployment',
  subjectId: 'dsy_1',
  step: 'sync',
  workflowId: 'deployment:prj_1:production',
  projectId: 'prj_1',
  changeId: 'chg_1',
  commitSha: null,
  target: 'production',
  permission: 'deploy:promote',
  quorum: 2,
  requestedBy: null,
  originIds: [],
  status: 'approved',
  expiresAt: new Date(0),
  createdAt,
  closedAt: createdAt,
};

describe('a gate that is found again', () => {
  it('tells a workflow that was started anew what was said and how it ended [A-REC-01]', () => {
    const said = {
      id: 'dec_1',
      gateId: 'gat_1',
      deciderId: 'usr_ann',
      decision: 'approve',
      reason: 'looks right',
      claimedPermissions: [],
      isCounted: true,
      createdAt,
    };
    expect(openedGate({ ...gate, decisions: [said] }, 1_000)).toEqual({
      gateId: 'gat_1',
      quorum: 2,
      expiresMs: 1,
      status: 'approved',
      decisions: [
        { gateId: 'gat_1', deciderId: 'usr_ann', decision: 'approve', reason: 'looks right' },
      ],
    });
  });
});
