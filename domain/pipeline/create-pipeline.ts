import { DomainError } from '../../contracts/problems.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import type { PipelineTrigger } from '../../contracts/pipeline/types.ts';
import { insertEvent, wakeReaders } from '../event/insert-event.ts';
import type { CredentialLimits } from '../identity/credential-limits.ts';
import { makersOfCommit } from '../review/makers-of-commit.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';
import { originOf } from '../shared/origin.ts';
import { storableText } from '../shared/storable-json.ts';
import { codesOf } from '../shared/tx.ts';
import { prepared } from '../shared/prepared.ts';

export interface CreatePipelineOptions {
  projectId: string;
  changeId: string;
  trigger: PipelineTrigger;
  /** full ref: refs/heads/main */
  gitRef: string;
  /** null where the ref leads to none */
  commitSha: string | null;
  commitTitle: string | null;
  triggeredBy: string | null;
  /** of the credential that asked for it; null when nobody knows */
  triggeredLimits: CredentialLimits | null;
  /** whose work it is besides, inherited from the run that this one repeats; the makers of the commit are added */
  originIds?: readonly string[];
  /** of a merge request's run: what it goes into, and where its head parts from that; absent for other causes */
  targetBranch?: string | null;
  targetBaseSha?: string | null;
  /** the same key never makes two runs; null = always a new one */
  dedupeKey: string | null;
  /** why it is not to run; absent: it is */
  skipped?: string;
  traceparent: string | null;
}

export interface CreatedPipeline {
  id: string;
  number: number;
  /** false when the key had made it before */
  created: boolean;
}

/**
 * Adds a pending run with the project's next number, and its `pipeline.created` event that starts it. One that is not to run
 * gets its number and its row alone, with `pipeline.skipped`.
 */
export async function createPipeline(
  db: Db,
  options: CreatePipelineOptions,
): Promise<CreatedPipeline> {
  try {
    return await createPipelineIn(db, options);
  } catch (error) {
    // Another delivery of the same cause made it in this moment.
    if (options.dedupeKey === null || ![...codesOf(error)].includes(uniqueViolation)) throw error;
    return await createPipelineIn(db, options);
  }
}

const uniqueViolation = '23505';

/** The same within a transaction that writes more, such as the audit row of the request; its key is nobody else's. */
export async function createPipelineIn(
  tx: Db,
  options: CreatePipelineOptions,
): Promise<CreatedPipeline> {
  const { projectId, commitSha, dedupeKey } = options;
  const makers = await makersOfCommit(tx, projectId, commitSha);
  const originIds = originOf({ by: null, originIds: [...(options.originIds ?? []), ...makers] });
  const [made] = await tx.$queryRaw<CreatedPipeline[]>`
    ${prepared} WITH earlier AS (SELECT id, number FROM pipelines WHERE dedupe_key = ${dedupeKey}),
    counted AS (
      UPDATE projects SET next_pipeline_number = next_pipeline_number + 1
      WHERE id = ${projectId} AND NOT EXISTS (SELECT FROM earlier)
      RETURNING next_pipeline_number AS number
    ), made AS (${insertRun(options, originIds)}
    ), told AS (${tellOfPipeline(options)})
    SELECT id, number, false AS created, NULL AS woken FROM earlier
    UNION ALL
    SELECT m.subject_id, m.number, true, ${wakeReaders} FROM made m, told`;
  if (made === undefined) throw new DomainError('not_found', 'There is no such project.');
  const { id, number, created } = made;
  return { id, number, created };
}

/** The row of the run under the number of the part `counted`. */
function insertRun(options: CreatePipelineOptions, originIds: readonly string[]): Prisma.Sql {
  const { projectId, changeId, trigger, gitRef, commitSha, commitTitle, skipped } = options;
  const limits = options.triggeredLimits === null ? null : JSON.stringify(options.triggeredLimits);
  const name = Prisma.sql`'Pipeline #' || number`;
  const message =
    skipped === undefined
      ? Prisma.sql`${name} || ' waits to start'`
      : Prisma.sql`${name} || ' does not run: ' || ${storableText(skipped)}::text`;
  return Prisma.sql`
      INSERT INTO pipelines (id, project_id, number, change_id, trigger, git_ref, commit_sha, commit_title, status, error,
        finished_at, triggered_by, triggered_limits, origin_ids, target_branch, target_base_sha, dedupe_key)
      SELECT ${newId('pipeline')}::text, ${projectId}::text, number, ${changeId}::text, ${trigger}::text, ${gitRef}::text,
        ${commitSha}::text, ${commitTitle}::text, ${skipped === undefined ? 'pending' : 'skipped'}::text,
        ${skipped ?? null}::text, CASE WHEN ${skipped !== undefined} THEN now() END, ${options.triggeredBy}::text,
        ${limits}::jsonb, ${[...originIds]}::text[], ${options.targetBranch ?? null}::text,
        ${options.targetBaseSha ?? null}::text, ${options.dedupeKey}::text
      FROM counted
      RETURNING id AS subject_id, project_id, change_id, number, ${message} AS message,
        jsonb_build_object('number', number) AS more`;
}

function tellOfPipeline(options: CreatePipelineOptions): Prisma.Sql {
  const { triggeredBy: actorId, trigger, gitRef, commitSha, skipped, traceparent } = options;
  const payload = { number: 0, trigger, gitRef, commitSha };
  const about = { actorId, traceparent };
  return skipped === undefined
    ? insertEvent('made', { type: 'pipeline.created', ...about, payload })
    : insertEvent('made', {
        type: 'pipeline.skipped',
        ...about,
        payload: { ...payload, reason: skipped },
      });
}
