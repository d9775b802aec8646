import { createSpawner, type Spawner } from '../../adapters/spawner/spawner.ts';

/** The spawner of this test file, for as long as somebody needs it. */
export interface HeldSpawner {
  spawner: Spawner;
  /** may be called twice */
  release(): Promise<void>;
}

let shared: Spawner | null = null;
let holders = 0;

/**
 * Holds the one small process that starts git for this test file. A process of jest is large, and starting a child from
 * it copies the page tables of all that: it takes ten times as long, and nothing else goes on meanwhile.
 */
export function holdSpawner(): HeldSpawner {
  const spawner = (shared ??= createSpawner());
  holders += 1;
  let held = true;
  return {
    spawner,
    async release() {
      if (!held) return;
      held = false;
      holders -= 1;
      if (holders > 0) return;
      shared = null;
      await spawner.close();
    },
  };
}
