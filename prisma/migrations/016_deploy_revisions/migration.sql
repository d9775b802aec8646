ALTER TABLE "deployments"
    ADD COLUMN "target" TEXT NOT NULL DEFAULT 'local',
    ADD COLUMN "namespace" TEXT NOT NULL DEFAULT '',
    ADD COLUMN "generation" INTEGER NOT NULL DEFAULT 1,
    ADD COLUMN "observed_generation" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "replicas" INTEGER,
    ADD COLUMN "is_paused" BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN "is_deleting" BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN "approvals" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "bake_seconds" INTEGER NOT NULL DEFAULT 30,
    ADD COLUMN "health_timeout_seconds" INTEGER NOT NULL DEFAULT 300,
    ADD COLUMN "self_heal" BOOLEAN NOT NULL DEFAULT true,
    ADD COLUMN "prune" BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN "change_id" TEXT,
    ADD COLUMN "commit_sha" TEXT,
    ADD COLUMN "pipeline_id" TEXT,
    ADD COLUMN "pinned_revision_id" TEXT,
    ADD COLUMN "live_revision_id" TEXT,
    ADD COLUMN "status_message" TEXT,
    ADD COLUMN "drift" JSONB,
    ADD COLUMN "addresses" JSONB,
    ADD COLUMN "observed_at" TIMESTAMPTZ(6);

CREATE TABLE "deployment_revisions" (
    "id" TEXT NOT NULL,
    "deployment_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "content_key" TEXT NOT NULL,
    "image_ref" TEXT NOT NULL,
    "ops_repo_sha" TEXT,
    "commit_sha" TEXT,
    "change_id" TEXT,
    "manifests_ref" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'rendered',
    "quarantine_reason" TEXT,
    "created_by" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "good_at" TIMESTAMPTZ(6),

    CONSTRAINT "deployment_revisions_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "deployment_syncs" (
    "id" TEXT NOT NULL,
    "deployment_id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "generation" INTEGER NOT NULL,
    "revision_id" TEXT NOT NULL,
    "source_sha" TEXT,
    "previous_revision_id" TEXT,
    "previous_replicas" INTEGER,
    "replicas" INTEGER,
    "action" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'running',
    "reason" TEXT,
    "change_id" TEXT,
    "requested_by" TEXT,
    "started_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(6),

    CONSTRAINT "deployment_syncs_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "deployment_sync_objects" (
    "sync_id" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "phase" TEXT NOT NULL,
    "wave" INTEGER NOT NULL,
    "operation" TEXT NOT NULL,
    "api_version" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "undo" TEXT,
    "status" TEXT NOT NULL DEFAULT 'pending',
    "message" TEXT,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "deployment_sync_objects_pkey" PRIMARY KEY ("sync_id", "position")
);

ALTER TABLE "deployment_history"
    ADD COLUMN "sync_id" TEXT,
    ADD COLUMN "revision_number" INTEGER,
    ADD COLUMN "change_id" TEXT;

CREATE UNIQUE INDEX "deployment_revisions_deployment_id_number_key" ON "deployment_revisions"("deployment_id", "number");
CREATE UNIQUE INDEX "deployment_revisions_deployment_id_content_key_key" ON "deployment_revisions"("deployment_id", "content_key");
CREATE UNIQUE INDEX "deployment_syncs_deployment_id_number_key" ON "deployment_syncs"("deployment_id", "number");
CREATE INDEX "deployment_syncs_change_id_idx" ON "deployment_syncs"("change_id");
CREATE UNIQUE INDEX "deployment_history_sync_id_action_key" ON "deployment_history"("sync_id", "action");

ALTER TABLE "deployment_revisions" ADD CONSTRAINT "deployment_revisions_deployment_id_fkey" FOREIGN KEY ("deployment_id") REFERENCES "deployments"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "deployment_syncs" ADD CONSTRAINT "deployment_syncs_deployment_id_fkey" FOREIGN KEY ("deployment_id") REFERENCES "deployments"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "deployment_syncs" ADD CONSTRAINT "deployment_syncs_revision_id_fkey" FOREIGN KEY ("revision_id") REFERENCES "deployment_revisions"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "deployment_sync_objects" ADD CONSTRAINT "deployment_sync_objects_sync_id_fkey" FOREIGN KEY ("sync_id") REFERENCES "deployment_syncs"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_live_revision_id_fkey" FOREIGN KEY ("live_revision_id") REFERENCES "deployment_revisions"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_pinned_revision_id_fkey" FOREIGN KEY ("pinned_revision_id") REFERENCES "deployment_revisions"("id") ON DELETE SET NULL ON UPDATE CASCADE;

ALTER TABLE "deployments" ADD CONSTRAINT "deployments_target_check" CHECK ("target" IN ('local', 'kubernetes'));
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_replicas_check" CHECK ("replicas" BETWEEN 0 AND 1000);
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_approvals_check" CHECK ("approvals" BETWEEN 0 AND 20);
ALTER TABLE "deployment_revisions" ADD CONSTRAINT "deployment_revisions_status_check" CHECK ("status" IN ('rendered', 'good', 'bad'));
ALTER TABLE "deployment_syncs" ADD CONSTRAINT "deployment_syncs_action_check" CHECK ("action" IN ('deploy', 'rollback', 'stop', 'scale'));
ALTER TABLE "deployment_syncs" ADD CONSTRAINT "deployment_syncs_status_check" CHECK ("status" IN ('running', 'waiting', 'baking', 'undoing', 'succeeded', 'undone', 'superseded', 'rejected', 'needs_human'));
ALTER TABLE "deployment_sync_objects" ADD CONSTRAINT "deployment_sync_objects_operation_check" CHECK ("operation" IN ('apply', 'prune'));
ALTER TABLE "deployment_sync_objects" ADD CONSTRAINT "deployment_sync_objects_undo_check" CHECK ("undo" IN ('restore', 'remove', 'none'));
ALTER TABLE "deployment_sync_objects" ADD CONSTRAINT "deployment_sync_objects_status_check" CHECK ("status" IN ('pending', 'applied', 'healthy', 'failed', 'pruned', 'undone'));
ALTER TABLE "deployment_sync_objects" ADD CONSTRAINT "deployment_sync_objects_phase_check" CHECK ("phase" IN ('PreSync', 'Sync', 'PostSync', 'SyncFail'));
