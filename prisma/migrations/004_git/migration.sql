CREATE TABLE "git_refs" (
    "project_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "sha" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "git_refs_pkey" PRIMARY KEY ("project_id","name")
);

CREATE TABLE "pushes" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "change_id" TEXT NOT NULL,
    "pusher_id" TEXT,
    "updates" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pushes_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "protected_branches" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "pattern" TEXT NOT NULL,
    "allow_force_push" BOOLEAN NOT NULL DEFAULT false,
    "allow_deletion" BOOLEAN NOT NULL DEFAULT false,
    "push_user_ids" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "allow_writers" BOOLEAN NOT NULL DEFAULT false,
    "required_approvals" INTEGER NOT NULL DEFAULT 0,
    "required_checks" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "protected_branches_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "merge_requests" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "author_id" TEXT NOT NULL,
    "source_branch" TEXT NOT NULL,
    "target_branch" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "body" TEXT,
    "status" TEXT NOT NULL DEFAULT 'open',
    "merged_by" TEXT,
    "merged_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "merge_requests_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "mr_reviews" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "mr_id" TEXT NOT NULL,
    "reviewer_id" TEXT NOT NULL,
    "verdict" TEXT NOT NULL,
    "body" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "mr_reviews_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "pushes_project_id_created_at_idx" ON "pushes"("project_id", "created_at" DESC);
CREATE INDEX "pushes_change_id_idx" ON "pushes"("change_id");
CREATE UNIQUE INDEX "protected_branches_project_id_pattern_key" ON "protected_branches"("project_id", "pattern");
CREATE UNIQUE INDEX "merge_requests_project_id_number_key" ON "merge_requests"("project_id", "number");
CREATE INDEX "mr_reviews_mr_id_created_at_idx" ON "mr_reviews"("mr_id", "created_at");

ALTER TABLE "git_refs" ADD CONSTRAINT "git_refs_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "pushes" ADD CONSTRAINT "pushes_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "protected_branches" ADD CONSTRAINT "protected_branches_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "comments" ADD CONSTRAINT "comments_mr_id_fkey" FOREIGN KEY ("mr_id") REFERENCES "merge_requests"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "merge_requests" ADD CONSTRAINT "merge_requests_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "merge_requests" ADD CONSTRAINT "merge_requests_author_id_fkey" FOREIGN KEY ("author_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "merge_requests" ADD CONSTRAINT "merge_requests_merged_by_fkey" FOREIGN KEY ("merged_by") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "mr_reviews" ADD CONSTRAINT "mr_reviews_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "mr_reviews" ADD CONSTRAINT "mr_reviews_mr_id_fkey" FOREIGN KEY ("mr_id") REFERENCES "merge_requests"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "mr_reviews" ADD CONSTRAINT "mr_reviews_reviewer_id_fkey" FOREIGN KEY ("reviewer_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

ALTER TABLE "merge_requests" ADD CONSTRAINT "merge_requests_status_check" CHECK ("status" IN ('open', 'merged', 'closed'));
ALTER TABLE "mr_reviews" ADD CONSTRAINT "mr_reviews_verdict_check" CHECK ("verdict" IN ('approve', 'request_changes', 'comment'));

CREATE TRIGGER "merge_requests_set_updated_at" BEFORE UPDATE ON "merge_requests" FOR EACH ROW EXECUTE FUNCTION set_updated_at();
