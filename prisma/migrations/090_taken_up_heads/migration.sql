-- What was taken up of an ops repository, whatever became of it; and whose pin it is that a deployment is held at.
ALTER TABLE "deployments" ADD COLUMN "taken_up_sha" TEXT;
ALTER TABLE "deployments" ADD COLUMN "pinned_by_undo" BOOLEAN NOT NULL DEFAULT FALSE;

-- Which versions of its secrets a roll-out brought: what an undo goes back to, and what was tried already.
ALTER TABLE "deployment_syncs" ADD COLUMN "secret_versions" JSONB;

-- What was tried last counts as taken up: an upgrade begins nothing anew.
UPDATE "deployments" d SET "taken_up_sha" = COALESCE(
  (SELECT s."source_sha" FROM "deployment_syncs" s WHERE s."deployment_id" = d."id" AND s."action" = 'deploy'
   ORDER BY s."number" DESC LIMIT 1),
  d."current_sha")
WHERE d."ops_repo_id" IS NOT NULL;
-- What serves holds the versions of its leases.
UPDATE "deployment_syncs" s SET "secret_versions" = l."versions"
FROM (SELECT "owner_id", jsonb_object_agg("name", "version") AS "versions" FROM "secret_leases"
      WHERE "owner_kind" = 'deployment' AND "ended_at" IS NULL GROUP BY "owner_id") l
WHERE l."owner_id" = s."deployment_id" AND s."status" = 'succeeded' AND s."number" = (
  SELECT MAX(t."number") FROM "deployment_syncs" t
  WHERE t."deployment_id" = s."deployment_id" AND t."status" = 'succeeded');
-- Until now every pin was lifted by a pipeline or a person only; those that an undo set are lifted by a newer head, too.
UPDATE "deployments" d SET "pinned_by_undo" = TRUE
WHERE d."desired_status" = 'rollback' AND EXISTS (
  SELECT FROM "deployment_syncs" s
  WHERE s."deployment_id" = d."id" AND s."status" = 'undone' AND s."generation" = d."generation");

ALTER TABLE "secret_leases" DROP CONSTRAINT "secret_leases_end_reason_check";
ALTER TABLE "secret_leases" ADD CONSTRAINT "secret_leases_end_reason_check" CHECK ("end_reason" IN ('owner_ended', 'newer_version', 'undone'));
