-- Into which branch a reviewer saw the merge request go: an approval holds for that target only.
ALTER TABLE "mr_reviews" ADD COLUMN "target_branch" TEXT;
UPDATE "mr_reviews" SET "target_branch" = "merge_requests"."target_branch" FROM "merge_requests" WHERE "merge_requests"."id" = "mr_reviews"."mr_id";
ALTER TABLE "mr_reviews" ALTER COLUMN "target_branch" SET NOT NULL;

-- Who pushed to a branch is asked whenever somebody looks at what keeps a merge request from being merged.
CREATE INDEX "pushes_updates_idx" ON "pushes" USING GIN ("updates" jsonb_path_ops);
