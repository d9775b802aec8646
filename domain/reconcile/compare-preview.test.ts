import { describe, expect, it } from '@jest/globals';
import type { EnginePreview } from '../../contracts/reconcile/types.ts';
import { comparePreview, type StoredPreview } from './compare-preview.ts';

const now = new Date('2026-01-01T12:00:00Z');
const row = (more: Partial<StoredPreview> = {}): StoredPreview => ({
  mergeRequestId: 'mrq_1',
  projectId: 'prj_1',
  status: 'up',
  isOver: false,
  hasDeployment: true,
  changedAt: new Date(now.getTime() - 60_000),
  ...more,
});
const found = (stored: StoredPreview, engine: EnginePreview) =>
  comparePreview(stored, engine, now).map((one) => [one.dbStatus, one.engineStatus]);

describe('the comparison of a preview with its workflow', () => {
  it('finds one that is not gone and whose workflow does not run [A-REC-01]', () => {
    expect(found(row(), 'missing')).toEqual([['up', 'missing']]);
    expect(found(row({ status: 'waiting' }), 'failure')).toEqual([['waiting', 'failure']]);
    expect(found(row({ status: 'ending', isOver: true }), 'completed')).toEqual([
      ['ending', 'completed'],
    ]);
    expect(found(row({ isOver: true }), 'missing')).toEqual([['over', 'missing']]);
  });

  it('finds one that must end and whose workflow has not heard of it [A-REC-01]', () => {
    expect(found(row({ isOver: true }), 'running')).toEqual([['over', 'running']]);
    expect(found(row({ isOver: true, status: 'ending' }), 'running')).toEqual([]);
  });

  it('finds what a green head asks for in vain, and what a gone one left [A-REC-01]', () => {
    const none = { status: null, hasDeployment: false };
    expect(found(row(none), 'missing')).toEqual([['wanted', 'missing']]);
    const gone = { status: 'gone' as const };
    expect(found(row({ ...gone, isOver: true }), 'completed')).toEqual([['gone', 'completed']]);
    expect(found(row({ ...gone, hasDeployment: false }), 'completed')).toEqual([
      ['reopened', 'completed'],
    ]);
  });

  it('finds nothing where they agree, where a request is on its way, or where nothing is known [A-REC-02] [A-REC-03]', () => {
    expect(found(row(), 'running')).toEqual([]);
    expect(found(row(), 'unknown')).toEqual([]);
    expect(found(row({ changedAt: now }), 'missing')).toEqual([]);
  });
});
