import { type Observation, type WaveRef, healLimit } from '../../contracts/deploy/types.ts';

/** What was done in a sync and must be undone in reverse when it fails. */
export type UndoStep = { kind: 'wave'; wave: WaveRef } | { kind: 'prune' };

/** Undos in the order of their registration: each is registered before its effect. */
export class UndoStack {
  readonly #steps: UndoStep[] = [];

  register(step: UndoStep): void {
    this.#steps.push(step);
  }

  /** Newest first. */
  inReverse(): UndoStep[] {
    return [...this.#steps].reverse();
  }

  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }
}

/** How often each field was healed of late: one that another manager keeps changing back is left to people. */
export class HealCount {
  readonly #times: Map<string, number[]>;

  /** @param carried what `carry` answered before the workflow continued as new */
  constructor(carried: Readonly<Record<string, number[]>> = {}) {
    this.#times = new Map(Object.entries(carried));
  }

  /**
   * Splits what drifted into what is healed now and what is contested. A field counts once a heal; after
   * `healLimit.count` heals within `healLimit.withinMs` it is contested until that time has passed.
   * @param now ms since epoch
   */
  decide(
    drift: Observation['drift'],
    now: number,
  ): { heal: Observation['drift']; contested: Observation['drift'] } {
    this.#forgetBefore(now - healLimit.withinMs);
    const contested = drift.filter(
      ({ key }) => (this.#times.get(key)?.length ?? 0) >= healLimit.count,
    );
    const heal = drift.filter((field) => !contested.includes(field));
    for (const { key } of heal) this.#times.set(key, [...(this.#times.get(key) ?? []), now]);
    return { heal, contested };
  }

  carry(): Record<string, number[]> {
    return Object.fromEntries(this.#times);
  }

  #forgetBefore(time: number): void {
    for (const [key, times] of this.#times) {
      const kept = times.filter((at) => at > time);
      if (kept.length === 0) this.#times.delete(key);
      else this.#times.set(key, kept);
    }
  }
}

/**
 * Secrets that are sealed open again when somebody gives the key back: how long it is waited before that is looked for
 * once more, in ms.
 * @param inARow how often they were found sealed
 */
export function sealedWaitMs(inARow: number): number {
  return Math.min(2 ** Math.min(inARow - 1, 10), 15) * 60_000;
}
