import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type AlertMemory,
  type AlertNotice,
  type AlertTiming,
  evaluateAlert,
  newAlert,
  type Observation,
} from './alert-state.ts';

const timing: AlertTiming = {
  forSeconds: 60,
  keepFiringForSeconds: 0,
  intervalSeconds: 15,
  noData: 'state',
  error: 'state',
};
const breached: Observation = { kind: 'breached', value: 5 };
const normal: Observation = { kind: 'normal', value: 1 };
const noData: Observation = { kind: 'no_data' };

/** States and notices of evaluations, 15 s apart. */
function follow(observations: readonly Observation[], rule: AlertTiming = timing): string[] {
  let alert: AlertMemory = newAlert;
  return observations.map((observation, at) => {
    const next = evaluateAlert(alert, observation, rule, at * 15_000);
    ({ alert } = next);
    return next.notice === null ? alert.state : `${alert.state}, ${next.notice}`;
  });
}

const times = (count: number, observation: Observation): Observation[] =>
  Array<Observation>(count).fill(observation);

describe('an alert', () => {
  it('is pending for its time, fires, and is resolved when the condition holds no more', () => {
    expect(follow([normal, ...times(5, breached), breached, normal, normal])).toEqual([
      'inactive',
      ...Array<string>(4).fill('pending'),
      'firing, firing',
      'firing',
      'inactive, resolved',
      'inactive',
    ]);
  });

  it('tells nobody of a breach that ends before its time: 30 of 60 seconds', () => {
    expect(follow([...times(3, breached), normal, breached])).toEqual([
      'pending',
      'pending',
      'pending',
      'inactive',
      'pending',
    ]);
  });

  it('fires at once where no time is asked for', () => {
    expect(follow([breached, normal], { ...timing, forSeconds: 0 })).toEqual([
      'firing, firing',
      'inactive, resolved',
    ]);
  });

  it('goes on firing for the time that it is kept, and tells nobody of a breach in it', () => {
    const rule = { ...timing, forSeconds: 0, keepFiringForSeconds: 30 };
    expect(follow([breached, normal, normal, breached, ...times(3, normal)], rule)).toEqual([
      'firing, firing',
      'recovering',
      'recovering',
      'firing',
      'recovering',
      'recovering',
      'inactive, resolved',
    ]);
  });

  it('keeps its episode while there is nothing to judge, and ends it once', () => {
    const rule = { ...timing, forSeconds: 0 };
    expect(
      follow(
        [breached, noData, { kind: 'error', reason: 'away' }, breached, noData, normal, normal],
        rule,
      ),
    ).toEqual([
      'firing, firing',
      'no_data',
      'error',
      'firing',
      'no_data',
      'inactive, resolved',
      'inactive',
    ]);
  });

  it('takes no data for what its rule says: a breach, all well, or nothing new', () => {
    const rule = { ...timing, forSeconds: 0 };
    expect(follow([noData], { ...rule, noData: 'breached' })).toEqual(['firing, firing']);
    expect(follow([breached, noData], { ...rule, noData: 'normal' })).toEqual([
      'firing, firing',
      'inactive, resolved',
    ]);
    expect(follow([breached, noData, breached], { ...rule, noData: 'keep' })).toEqual([
      'firing, firing',
      'firing',
      'firing',
    ]);
  });

  it('does not fire because a clock was set, nor stay pending for ever because it was set back', () => {
    const start = evaluateAlert(newAlert, breached, timing, 0).alert;
    const jumped = evaluateAlert(start, breached, timing, 3_600_000);
    expect([jumped.alert.state, jumped.notice]).toEqual(['pending', null]);
    let alert = evaluateAlert(jumped.alert, breached, timing, 0).alert;
    const seen: (AlertNotice | null)[] = [];
    for (let at = 1; at <= 2; at++) {
      const next = evaluateAlert(alert, breached, timing, at * 15_000);
      ({ alert } = next);
      seen.push(next.notice);
    }
    expect(seen).toEqual([null, 'firing']);
  });

  it('follows each firing by exactly one resolved before the next, whatever comes, and over restarts', () => {
    const observation = fc.constantFrom<Observation>(breached, normal, noData, {
      kind: 'error',
      reason: 'x',
    });
    const policy = fc.constantFrom('normal', 'breached', 'keep', 'state') as fc.Arbitrary<
      AlertTiming['noData']
    >;
    const rule = fc.record({
      forSeconds: fc.nat(60),
      keepFiringForSeconds: fc.nat(60),
      intervalSeconds: fc.constant(15),
      noData: policy,
      error: policy,
    });
    const evaluations = fc.array(
      fc.tuple(observation, fc.integer({ min: -60_000, max: 600_000 })),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(rule, evaluations, (chosen, steps) => {
        let alert: AlertMemory = newAlert;
        let now = 0;
        const notices: AlertNotice[] = [];
        for (const [seen, ms] of steps) {
          now += ms;
          // as it comes back from where it is kept
          const kept = JSON.parse(JSON.stringify(alert)) as AlertMemory;
          const next = evaluateAlert(kept, seen, chosen, now);
          ({ alert } = next);
          if (next.notice !== null) notices.push(next.notice);
        }
        expect(notices).toEqual(notices.map((_, at) => (at % 2 === 0 ? 'firing' : 'resolved')));
        expect(alert.firingSince !== null).toBe(notices.length % 2 === 1);
      }),
    );
  });
});
