-- Merge requests: what they are bound to in the repository, how they may be merged, remarks on lines.
ALTER TABLE "projects" ADD COLUMN "merge_styles" TEXT[] NOT NULL DEFAULT ARRAY['merge', 'rebase', 'rebase-merge', 'squash', 'fast-forward-only']::TEXT[];
ALTER TABLE "projects" ADD COLUMN "default_merge_style" TEXT NOT NULL DEFAULT 'merge';
ALTER TABLE "protected_branches" ADD COLUMN "require_code_owners" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "protected_branches" ADD COLUMN "merge_styles" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];

ALTER TABLE "merge_requests" ADD COLUMN "head_sha" TEXT NOT NULL DEFAULT '0000000000000000000000000000000000000000';
ALTER TABLE "merge_requests" ALTER COLUMN "head_sha" DROP DEFAULT;
ALTER TABLE "merge_requests" ADD COLUMN "base_sha" TEXT;
ALTER TABLE "merge_requests" ADD COLUMN "change_id" TEXT NOT NULL DEFAULT '';
ALTER TABLE "merge_requests" ALTER COLUMN "change_id" DROP DEFAULT;
ALTER TABLE "merge_requests" ADD COLUMN "source_deleted" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "merge_requests" ADD COLUMN "merge_sha" TEXT;
ALTER TABLE "merge_requests" ADD COLUMN "merge_style" TEXT;
ALTER TABLE "merge_requests" ADD COLUMN "merge_intent" JSONB;
ALTER TABLE "merge_requests" ADD COLUMN "auto_merge_style" TEXT;
ALTER TABLE "merge_requests" ADD COLUMN "auto_merge_by" TEXT;
ALTER TABLE "merge_requests" ADD COLUMN "auto_merge_delete_source" BOOLEAN NOT NULL DEFAULT false;

ALTER TABLE "mr_reviews" ADD COLUMN "commit_sha" TEXT NOT NULL DEFAULT '0000000000000000000000000000000000000000';
ALTER TABLE "mr_reviews" ALTER COLUMN "commit_sha" DROP DEFAULT;

ALTER TABLE "comments" ADD COLUMN "thread_id" TEXT;
ALTER TABLE "comments" ADD COLUMN "review_id" TEXT;
ALTER TABLE "comments" ADD COLUMN "commit_sha" TEXT;
ALTER TABLE "comments" ADD COLUMN "line_sha" TEXT;
ALTER TABLE "comments" ADD COLUMN "path" TEXT;
ALTER TABLE "comments" ADD COLUMN "side" TEXT;
ALTER TABLE "comments" ADD COLUMN "line" INTEGER;
ALTER TABLE "comments" ADD COLUMN "resolved_at" TIMESTAMPTZ(6);
ALTER TABLE "comments" ADD COLUMN "resolved_by" TEXT;

CREATE TABLE "revert_requests" (
    "project_id" TEXT NOT NULL,
    "target_branch" TEXT NOT NULL,
    "commit_sha" TEXT NOT NULL,
    "mr_id" TEXT,
    "issue_id" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "revert_requests_pkey" PRIMARY KEY ("project_id","target_branch","commit_sha")
);

CREATE INDEX "issues_project_id_status_idx" ON "issues"("project_id", "status");
CREATE INDEX "merge_requests_project_id_status_idx" ON "merge_requests"("project_id", "status");
CREATE INDEX "comments_thread_id_idx" ON "comments"("thread_id");
CREATE INDEX "pipelines_project_id_commit_sha_idx" ON "pipelines"("project_id", "commit_sha");
CREATE UNIQUE INDEX "merge_requests_open_branches_key" ON "merge_requests"("project_id", "source_branch", "target_branch") WHERE "status" = 'open';

ALTER TABLE "comments" ADD CONSTRAINT "comments_thread_id_fkey" FOREIGN KEY ("thread_id") REFERENCES "comments"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "comments" ADD CONSTRAINT "comments_review_id_fkey" FOREIGN KEY ("review_id") REFERENCES "mr_reviews"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "revert_requests" ADD CONSTRAINT "revert_requests_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "revert_requests" ADD CONSTRAINT "revert_requests_mr_id_fkey" FOREIGN KEY ("mr_id") REFERENCES "merge_requests"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "revert_requests" ADD CONSTRAINT "revert_requests_issue_id_fkey" FOREIGN KEY ("issue_id") REFERENCES "issues"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "projects" ADD CONSTRAINT "projects_merge_styles_check" CHECK (cardinality("merge_styles") > 0 AND "merge_styles" <@ ARRAY['merge', 'rebase', 'rebase-merge', 'squash', 'fast-forward-only']::TEXT[]);
ALTER TABLE "projects" ADD CONSTRAINT "projects_default_merge_style_check" CHECK ("default_merge_style" = ANY ("merge_styles"));
ALTER TABLE "protected_branches" ADD CONSTRAINT "protected_branches_merge_styles_check" CHECK ("merge_styles" <@ ARRAY['merge', 'rebase', 'rebase-merge', 'squash', 'fast-forward-only']::TEXT[]);
ALTER TABLE "merge_requests" ADD CONSTRAINT "merge_requests_merge_style_check" CHECK ("merge_style" IN ('merge', 'rebase', 'rebase-merge', 'squash', 'fast-forward-only'));
ALTER TABLE "merge_requests" ADD CONSTRAINT "merge_requests_auto_merge_style_check" CHECK ("auto_merge_style" IN ('merge', 'rebase', 'rebase-merge', 'squash', 'fast-forward-only'));
ALTER TABLE "comments" ADD CONSTRAINT "comments_side_check" CHECK ("side" IN ('old', 'new'));
-- A remark on a line has all of a position, any other has none.
ALTER TABLE "comments" ADD CONSTRAINT "comments_position_check" CHECK (
    num_nonnulls("commit_sha", "line_sha", "path", "side", "line") IN (0, 5) AND ("line" IS NULL OR "line" > 0)
);
ALTER TABLE "revert_requests" ADD CONSTRAINT "revert_requests_outcome_check" CHECK (num_nonnulls("mr_id", "issue_id") <= 1);
