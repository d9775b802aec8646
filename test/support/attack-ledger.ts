import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Attempts of one class of attack: how many were made, and how many came to nothing. */
export interface AttackCount {
  tried: number;
  held: number;
}

export interface AttackLedger {
  /** One attempt. `held`: it came to nothing, as it must; after an `expect` of just that it is true. */
  note(held: boolean): void;
  /** Adds the count to the file that `npm run faults` reads; to be called when the tests of the class are done. */
  close(): void;
}

/**
 * Counts attempts within tests, so that "held" is a figure: a test case may stand for a thousand attempts. The count goes
 * into the JSON file that SLIPWAY_ATTACK_LEDGER names ({ class: { part: AttackCount } }); without it nothing is written.
 * @param attackClass an id of test/fault/attack-classes.json
 * @param part what of the class this count is of, unique within it
 */
export function openAttackLedger(attackClass: string, part: string): AttackLedger {
  const count: AttackCount = { tried: 0, held: 0 };
  return {
    note(held) {
      count.tried += 1;
      if (held) count.held += 1;
    },
    close() {
      const file = process.env['SLIPWAY_ATTACK_LEDGER'];
      if (file === undefined || file === '') return;
      const known = existsSync(file)
        ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, AttackCount>>)
        : {};
      known[attackClass] = { ...known[attackClass], [part]: count };
      writeFileSync(file, JSON.stringify(known));
    },
  };
}
