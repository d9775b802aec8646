import { describe, expect, it } from '@jest/globals';
import {
  isRerun,
  mergeRequestOfRun,
  mergeRequestRerunKey,
  mergeRequestRunKey,
  pushRunKey,
  rerunKeyOf,
} from './run-key.ts';

const head = { id: 'mrq_1', headSha: 'a'.repeat(40) };
const intoMain = { ...head, targetBranch: 'main' };
const of = (dedupeKey: string | null, trigger = 'mr') => ({ trigger, dedupeKey });

describe('the key of the run of a merge request', () => {
  it('names request and head, of the first run as of each rerun [A-MR-06]', () => {
    const first = mergeRequestRunKey(intoMain);
    const again = mergeRequestRerunKey(head);
    expect(mergeRequestOfRun(of(first))).toEqual(head);
    expect(mergeRequestOfRun(of(again))).toEqual(head);
    expect(mergeRequestRunKey(intoMain)).toBe(first);
    expect(mergeRequestRerunKey(head)).not.toBe(again);
    expect([first, again].map((key) => isRerun(of(key)))).toEqual([false, true]);
    expect(mergeRequestRunKey({ ...head, targetBranch: 'next' })).not.toBe(first);
    // made before targets were told apart
    expect(isRerun(of(`mr:${head.id}:${head.headSha}`))).toBe(false);
  });

  it('keeps its cause when it is run again, however often [A-PIPE-02]', () => {
    const first = of(pushRunKey('psh_1', 'refs/heads/main'), 'push');
    const again = of(rerunKeyOf(first), 'push');
    const third = of(rerunKeyOf(again), 'push');
    expect([first, again, third].map(isRerun)).toEqual([false, true, true]);
    expect(third.dedupeKey).toMatch(/^push:psh_1:refs\/heads\/main:[0-9a-f-]{36}$/);
    expect(mergeRequestOfRun(of(rerunKeyOf(of(mergeRequestRunKey(intoMain)))))).toEqual(head);
    expect(rerunKeyOf(of(null, 'api'))).toBeNull();
  });

  it('is none of a run of another cause [A-MR-06]', () => {
    expect(mergeRequestOfRun(of(null))).toBeNull();
    expect(mergeRequestOfRun(of('push:psh_1:refs/heads/main', 'push'))).toBeNull();
    expect(mergeRequestOfRun(of(mergeRequestRunKey(intoMain), 'api'))).toBeNull();
    expect(isRerun(of(null, 'api'))).toBe(false);
  });
});
