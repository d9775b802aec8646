import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { FieldDrift } from '../../contracts/deploy/target.ts';
import { driftBetween } from './field-drift.ts';
import { isOtherRun, templateDrift } from './job-run.ts';
import { textAt } from './part.ts';

/** How the server is asked about one object. */
export interface Asked {
  read(): Promise<Manifest | null>;
  /** what it would make of the object now, if we applied */
  dryRun(): Promise<Manifest>;
}

const versionOf = (object: Manifest): string => textAt(object, 'metadata', 'resourceVersion');

/**
 * Where an object is not as we would apply it. What somebody writes between our reading and the dry run differs without
 * being ours: what seems to drift is compared again, three times at most, where the object is another by now.
 * @param form what we would apply
 */
export async function compareLive(
  form: Manifest,
  live: Manifest,
  asked: Asked,
  tries = 3,
): Promise<FieldDrift[]> {
  const drift = await compareOnce(form, live, asked);
  if (drift.length === 0 || tries <= 1) return drift;
  const now = await asked.read();
  if (now === null || versionOf(now) === versionOf(live)) return drift;
  return await compareLive(form, now, asked, tries - 1);
}

async function compareOnce(form: Manifest, live: Manifest, asked: Asked): Promise<FieldDrift[]> {
  try {
    return driftBetween(await asked.dryRun(), live);
  } catch (error) {
    if (isOtherRun(live, error)) return [templateDrift(form, live)];
    throw error;
  }
}
