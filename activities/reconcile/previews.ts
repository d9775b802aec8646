import type { Log } from '../../contracts/log.ts';
import type { EnginePreview, PreviewMismatch } from '../../contracts/reconcile/types.ts';
import {
  comparePreview,
  isSamePreviewMismatch,
  type StoredPreview,
} from '../../domain/reconcile/compare-preview.ts';
import {
  findPreviewOf,
  findPreviews,
  findWanted,
  findWithoutPreview,
} from '../../domain/reconcile/find-previews.ts';
import {
  type PreviewControl,
  repairPreviewMismatch,
} from '../../domain/reconcile/repair-preview.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';

export interface PreviewReconcileDeps {
  db: PrismaClient;
  log: Pick<Log, 'warn'>;
  previews: PreviewControl & {
    /** merge requests whose preview's workflow runs, as far as the engine's index knows by now */
    listRunning: () => Promise<string[]>;
    /** what the engine itself knows of one */
    describe: (mergeRequestId: string) => Promise<EnginePreview>;
  };
}

const BATCH = 200;

/** Previews that are not as they should be, all of them. */
export async function findPreviewMismatches(
  deps: PreviewReconcileDeps,
): Promise<{ checked: number; mismatches: PreviewMismatch[] }> {
  const { db, previews } = deps;
  const listed = await previews.listRunning();
  const running = new Set(listed);
  const mismatches: PreviewMismatch[] = [];
  // Only one that seems to be missing is asked for.
  const compare = async (row: StoredPreview) => {
    const isRunning = running.has(row.mergeRequestId);
    const engine = isRunning ? 'running' : await describe(deps, row.mergeRequestId);
    mismatches.push(...comparePreview(row, engine, new Date()));
  };
  let checked = 0;
  let after: string | null = null;
  do {
    const rows: StoredPreview[] = await findPreviews(db, after, BATCH);
    for (const row of rows) await compare(row);
    checked += rows.length;
    after = rows.length === BATCH ? (rows.at(-1)?.mergeRequestId ?? null) : null;
  } while (after !== null);
  for (const row of await findWanted(db, BATCH)) await compare(row);
  for (const id of await findWithoutPreview(db, listed)) {
    mismatches.push(...(await orphanOf(deps, id)));
  }
  return { checked, mismatches };
}

/** Repairs one if it is still as it was found. @returns whether it did */
export async function repairPreview(
  deps: PreviewReconcileDeps,
  mismatch: PreviewMismatch,
): Promise<boolean> {
  const { db, log, previews } = deps;
  const { kind, mergeRequestId, projectId, dbStatus, engineStatus } = mismatch;
  const fields = { kind, merge_request_id: mergeRequestId, project_id: projectId };
  try {
    if (!(await isStill(deps, mismatch))) return false;
    log.warn({ ...fields, db_status: dbStatus, engine_status: engineStatus }, 'state_mismatch');
    await repairPreviewMismatch(db, mismatch, previews);
    return true;
  } catch (error) {
    log.warn({ ...fields, err: error }, 'a preview could not be repaired');
    return false;
  }
}

/** One that cannot be asked says nothing of the others. */
async function describe(
  { previews, log }: PreviewReconcileDeps,
  mergeRequestId: string,
): Promise<EnginePreview> {
  try {
    return await previews.describe(mergeRequestId);
  } catch (error) {
    log.warn({ merge_request_id: mergeRequestId, err: error }, 'the engine did not tell');
    return 'unknown';
  }
}

/** A workflow that runs though the rows of its preview are gone. */
async function orphanOf(
  deps: PreviewReconcileDeps,
  mergeRequestId: string,
): Promise<PreviewMismatch[]> {
  if ((await describe(deps, mergeRequestId)) !== 'running') return [];
  const found = { mergeRequestId, projectId: null, dbStatus: 'missing', engineStatus: 'running' };
  return [{ kind: 'preview', ...found }];
}

async function isStill(deps: PreviewReconcileDeps, mismatch: PreviewMismatch): Promise<boolean> {
  const { mergeRequestId } = mismatch;
  const row = await findPreviewOf(deps.db, mergeRequestId);
  const isRowless = (await findWithoutPreview(deps.db, [mergeRequestId])).length > 0;
  const now =
    row !== null
      ? comparePreview(row, await describe(deps, mergeRequestId), new Date())
      : isRowless
        ? await orphanOf(deps, mergeRequestId)
        : [];
  return now.some((one) => isSamePreviewMismatch(one, mismatch));
}
