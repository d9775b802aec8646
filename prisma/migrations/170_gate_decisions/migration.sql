-- Signals only wake: what is asked of a run or a roll-out stands in its row, written with its audit row.
ALTER TABLE "pipelines"
    ADD COLUMN "cancel_requested_at" TIMESTAMPTZ(6),
    ADD COLUMN "cancel_reason" TEXT,
    ADD COLUMN "pause_requested" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "deployment_syncs"
    ADD COLUMN "abort_requested_at" TIMESTAMPTZ(6),
    ADD COLUMN "abort_reason" TEXT;

-- Whose work it is besides whoever asked for it: inherited by reruns, promotions and retries.
ALTER TABLE "pipelines" ADD COLUMN "origin_ids" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];
ALTER TABLE "deployments" ADD COLUMN "origin_ids" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];
ALTER TABLE "deployment_syncs" ADD COLUMN "origin_ids" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];
ALTER TABLE "gates" ADD COLUMN "origin_ids" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];

-- What was asked before these columns were there, and perhaps not heard yet.
UPDATE "pipelines" p SET "pause_requested" = p."is_paused" WHERE p."status" IN ('pending', 'running');
UPDATE "pipelines" p SET "pause_requested" = (asked."type" = 'pipeline.pause_requested')
  FROM (SELECT DISTINCT ON ("subject_id") "subject_id", "type" FROM "events"
         WHERE "type" IN ('pipeline.pause_requested', 'pipeline.resume_requested')
         ORDER BY "subject_id", "xid" DESC, "seq" DESC) asked
 WHERE asked."subject_id" = p."id" AND p."status" IN ('pending', 'running');
UPDATE "pipelines" p SET "cancel_requested_at" = e."created_at", "cancel_reason" = e."payload"->>'reason'
  FROM "events" e
 WHERE e."type" = 'pipeline.cancel_requested' AND e."subject_id" = p."id"
   AND p."status" IN ('pending', 'running');
UPDATE "deployment_syncs" s SET "abort_requested_at" = e."created_at", "abort_reason" = e."payload"->>'reason'
  FROM "events" e
 WHERE e."type" = 'deployment.abort_requested' AND e."payload"->>'syncId' = s."id"
   AND s."finished_at" IS NULL;

-- Reruns of before: whoever had asked for the run that was run again.
WITH RECURSIVE again("id", "of") AS (
    SELECT "resource_id", "detail"->>'rerunOf' FROM "audit_log"
     WHERE "action" = 'pipeline.started' AND "detail" ? 'rerunOf'
), chain("id", "of") AS (
    SELECT "id", "of" FROM again
    UNION
    SELECT chain."id", again."of" FROM chain JOIN again ON again."id" = chain."of"
)
UPDATE "pipelines" p SET "origin_ids" = first."ids"
  FROM (SELECT chain."id", array_agg(DISTINCT earlier."triggered_by") AS "ids"
          FROM chain JOIN "pipelines" earlier ON earlier."id" = chain."of"
         WHERE earlier."triggered_by" IS NOT NULL GROUP BY chain."id") first
 WHERE first."id" = p."id";
UPDATE "gates" g SET "origin_ids" = p."origin_ids"
  FROM "pipelines" p
 WHERE g."subject_type" = 'pipeline' AND g."subject_id" = p."id" AND g."status" = 'open';
UPDATE "deployments" d SET "origin_ids" = ARRAY(
    SELECT DISTINCT who FROM unnest(p."origin_ids" || p."triggered_by") AS who WHERE who IS NOT NULL)
  FROM "pipelines" p WHERE p."id" = d."pipeline_id";
UPDATE "gates" g SET "origin_ids" = d."origin_ids"
  FROM "deployment_syncs" s JOIN "deployments" d ON d."id" = s."deployment_id"
 WHERE g."subject_type" = 'deployment' AND g."subject_id" = s."id" AND g."status" = 'open';
