-- A preview is a deployment that belongs to a merge request: one for each, beside the one of each lasting environment.
ALTER TABLE "deployments" ADD COLUMN "merge_request_id" TEXT;
DROP INDEX "deployments_project_id_environment_key";
CREATE UNIQUE INDEX "deployments_lasting_key" ON "deployments"("project_id", "environment") WHERE "merge_request_id" IS NULL;
CREATE UNIQUE INDEX "deployments_merge_request_id_key" ON "deployments"("merge_request_id");
CREATE INDEX "deployments_project_id_environment_idx" ON "deployments"("project_id", "environment");
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_merge_request_id_fkey" FOREIGN KEY ("merge_request_id") REFERENCES "merge_requests"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_preview_check" CHECK ("merge_request_id" IS NULL OR "environment" = 'preview');

CREATE TABLE "previews" (
    "merge_request_id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'waiting',
    "end_reason" TEXT,
    "stop_reason" TEXT,
    "ttl_seconds" INTEGER NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,
    "ended_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "previews_pkey" PRIMARY KEY ("merge_request_id")
);

-- Who holds the value of a secret. The rows stay when their owner is gone: they say what it was given, and until when.
CREATE TABLE "secret_leases" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "secret_id" TEXT,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "owner_kind" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "granted_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(6),
    "end_reason" TEXT,

    CONSTRAINT "secret_leases_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "previews_project_id_idx" ON "previews"("project_id");
CREATE INDEX "secret_leases_owner_kind_owner_id_idx" ON "secret_leases"("owner_kind", "owner_id");
CREATE INDEX "secret_leases_secret_id_idx" ON "secret_leases"("secret_id");
CREATE INDEX "secret_leases_project_id_idx" ON "secret_leases"("project_id");
CREATE UNIQUE INDEX "secret_leases_live_key" ON "secret_leases"("owner_kind", "owner_id", "secret_id", "version") WHERE "ended_at" IS NULL;

ALTER TABLE "previews" ADD CONSTRAINT "previews_merge_request_id_fkey" FOREIGN KEY ("merge_request_id") REFERENCES "merge_requests"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "previews" ADD CONSTRAINT "previews_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "secret_leases" ADD CONSTRAINT "secret_leases_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "secret_leases" ADD CONSTRAINT "secret_leases_secret_id_fkey" FOREIGN KEY ("secret_id") REFERENCES "secrets"("id") ON DELETE SET NULL ON UPDATE CASCADE;

ALTER TABLE "previews" ADD CONSTRAINT "previews_status_check" CHECK ("status" IN ('waiting', 'up', 'ending', 'gone'));
ALTER TABLE "previews" ADD CONSTRAINT "previews_end_reason_check" CHECK ("end_reason" IN ('closed', 'merged', 'expired', 'stopped', 'unwanted'));
ALTER TABLE "previews" ADD CONSTRAINT "previews_stop_reason_check" CHECK ("stop_reason" IN ('stopped', 'unwanted'));
ALTER TABLE "previews" ADD CONSTRAINT "previews_ttl_check" CHECK ("ttl_seconds" > 0);
ALTER TABLE "previews" ADD CONSTRAINT "previews_ended_check" CHECK (("status" = 'gone') = ("ended_at" IS NOT NULL));
ALTER TABLE "secret_leases" ADD CONSTRAINT "secret_leases_owner_kind_check" CHECK ("owner_kind" IN ('preview', 'deployment'));
ALTER TABLE "secret_leases" ADD CONSTRAINT "secret_leases_end_reason_check" CHECK ("end_reason" IN ('owner_ended', 'newer_version'));
ALTER TABLE "secret_leases" ADD CONSTRAINT "secret_leases_ended_check" CHECK (("ended_at" IS NULL) = ("end_reason" IS NULL));
