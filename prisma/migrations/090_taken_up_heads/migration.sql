-- What was taken up of an ops repository, whatever became of it; and whose pin it is that a deployment is held at.
ALTER TABLE "deployments" ADD COLUMN "taken_up_sha" TEXT;
ALTER TABLE "deployments" ADD COLUMN "pinned_by_undo" BOOLEAN NOT NULL DEFAULT FALSE;

-- Which versions of its secrets a roll-out brought: what an undo goes back to, and what was tried already.
ALTER TABLE "deployment_syncs" ADD COLUMN "secret_versions" JSONB;

UPDATE "deployments" SET "taken_up_sha" = "current_sha" WHERE "ops_repo_id" IS NOT NULL;
-- Until now every pin was lifted by a pipeline or a person only; those that an undo set are lifted by a newer head, too.
UPDATE "deployments" d SET "pinned_by_undo" = TRUE
WHERE d."desired_status" = 'rollback' AND EXISTS (
  SELECT FROM "deployment_syncs" s
  WHERE s."deployment_id" = d."id" AND s."status" = 'undone' AND s."generation" = d."generation");

ALTER TABLE "secret_leases" DROP CONSTRAINT "secret_leases_end_reason_check";
ALTER TABLE "secret_leases" ADD CONSTRAINT "secret_leases_end_reason_check" CHECK ("end_reason" IN ('owner_ended', 'newer_version', 'undone'));
