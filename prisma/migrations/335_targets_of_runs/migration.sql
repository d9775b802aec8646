-- A run of a merge request is made for one target, is planned for that one, and counts for the merge into no other (ADR 59).
ALTER TABLE "pipelines" ADD COLUMN "target_branch" TEXT;
ALTER TABLE "pipelines" ADD COLUMN "target_base_sha" TEXT;
-- Runs of before count for the target that their merge request has now: nobody knows another.
UPDATE "pipelines" AS p SET "target_branch" = m."target_branch"
  FROM "merge_requests" AS m WHERE p."trigger" = 'mr' AND m."id" = split_part(p."dedupe_key", ':', 2);
-- Of which head and target it is known whether a run of the merge request is wanted: until then no check of it passes.
ALTER TABLE "merge_requests" ADD COLUMN "run_decided_for" TEXT;
UPDATE "merge_requests" SET "run_decided_for" = "head_sha" || ' ' || "target_branch" WHERE "status" <> 'merged';
