import { describe, expect, it } from '@jest/globals';
import {
  isMergeRequestRerun,
  mergeRequestOfRun,
  mergeRequestRerunKey,
  mergeRequestRunKey,
} from './merge-request-run.ts';

const head = { id: 'mrq_1', headSha: 'a'.repeat(40) };
const of = (dedupeKey: string | null, trigger = 'mr') => ({ trigger, dedupeKey });

describe('the key of the run of a merge request', () => {
  it('names request and head, of the first run as of each rerun [A-MR-06]', () => {
    const first = mergeRequestRunKey(head);
    const again = mergeRequestRerunKey(head);
    expect(mergeRequestOfRun(of(first))).toEqual(head);
    expect(mergeRequestOfRun(of(again))).toEqual(head);
    expect(mergeRequestRunKey(head)).toBe(first);
    expect(mergeRequestRerunKey(head)).not.toBe(again);
    expect([first, again].map((key) => isMergeRequestRerun(of(key)))).toEqual([false, true]);
  });

  it('is none of a run of another cause [A-MR-06]', () => {
    expect(mergeRequestOfRun(of(null))).toBeNull();
    expect(mergeRequestOfRun(of('push:psh_1:refs/heads/main', 'push'))).toBeNull();
    expect(mergeRequestOfRun(of(mergeRequestRunKey(head), 'api'))).toBeNull();
    expect(isMergeRequestRerun(of(null, 'api'))).toBe(false);
  });
});
