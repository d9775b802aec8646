import { describe, expect, it } from '@jest/globals';
import type { EngineEntity } from '../../contracts/reconcile/types.ts';
import { compareDeployment, mustAsk, type StoredDeployment } from './compare-deployment.ts';

const now = new Date('2026-01-01T12:00:00Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
const row = (more: Partial<StoredDeployment> = {}): StoredDeployment => ({
  id: 'dep_1',
  projectId: 'prj_1',
  environment: 'staging',
  currentStatus: 'healthy',
  isPaused: false,
  isDeleting: false,
  generation: 3,
  observedGeneration: 3,
  createdAt: ago(600),
  updatedAt: ago(600),
  syncs: [],
  ...more,
});
const found = (stored: StoredDeployment, engine: EngineEntity) =>
  compareDeployment(stored, engine, now).map((one) => [
    one.kind,
    one.syncId,
    one.dbStatus,
    one.engineStatus,
  ]);
const at = (
  phase: 'idle' | 'planning' | 'syncing' | 'paused' | 'sealed' | 'removing',
  syncId: string | null = null,
): EngineEntity => ({ state: 'running', at: { phase, syncId } });
const open = (seconds = 600) => ({ id: 'dsy_1', status: 'running', startedAt: ago(seconds) });

describe('the comparison of an environment with its entity', () => {
  it('finds rows for which nothing runs, unless they were just made [A-REC-01]', () => {
    expect(found(row(), { state: 'missing' })).toEqual([
      ['deployment', null, 'healthy', 'missing'],
    ]);
    expect(found(row({ isDeleting: true }), { state: 'ended', status: 'failure' })).toEqual([
      ['deployment', null, 'deleting', 'failure'],
    ]);
    expect(found(row({ createdAt: ago(5) }), { state: 'missing' })).toEqual([]);
    expect(found(row({ syncs: [open()] }), { state: 'missing' })).toEqual([
      ['deployment', null, 'healthy', 'missing'],
    ]);
  });

  it('finds open syncs that the entity knows nothing of, not those that it has just begun [A-REC-01]', () => {
    const stored = row({ syncs: [open()] });
    expect(found(stored, at('idle'))).toEqual([['sync', 'dsy_1', 'running', 'idle']]);
    expect(found(stored, at('syncing', 'dsy_2'))).toEqual([
      ['sync', 'dsy_1', 'running', 'syncing'],
    ]);
    expect(found(stored, at('syncing', 'dsy_1'))).toEqual([]);
    expect(found(stored, at('planning'))).toEqual([]);
    expect(found(row({ syncs: [open(5)] }), at('idle'))).toEqual([]);
  });

  it('finds changes of the desired state that an entity at rest has not heard of [A-REC-01]', () => {
    const behind = row({ generation: 4 });
    expect(found(behind, at('idle'))).toEqual([['deployment', null, 'healthy', 'idle']]);
    expect(found(row({ isDeleting: true }), at('paused'))).toEqual([
      ['deployment', null, 'deleting', 'paused'],
    ]);
    expect(found(row({ generation: 4, isPaused: true }), at('paused'))).toEqual([]);
    expect(found(row({ generation: 4, updatedAt: ago(5) }), at('idle'))).toEqual([]);
    expect(found(behind, at('syncing', 'dsy_2'))).toEqual([]);
    expect(found(behind, at('sealed'))).toEqual([]);
    expect(found(row({ isDeleting: true }), at('removing'))).toEqual([]);
  });

  it('concludes nothing where they agree or the engine does not tell [A-REC-03]', () => {
    expect(found(row(), at('idle'))).toEqual([]);
    expect(found(row({ syncs: [open()] }), { state: 'unknown' })).toEqual([]);
    expect(found(row({ syncs: [open()] }), { state: 'running', at: null })).toEqual([]);
  });

  it('asks an entity only where the rows leave something open [A-REC-02]', () => {
    expect(mustAsk(row(), now)).toBe(false);
    expect(mustAsk(row({ syncs: [open(5)] }), now)).toBe(false);
    expect(mustAsk(row({ syncs: [open()] }), now)).toBe(true);
    expect(mustAsk(row({ generation: 4 }), now)).toBe(true);
  });
});
