CREATE TABLE "pipelines" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "change_id" TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    "git_ref" TEXT NOT NULL,
    "commit_sha" TEXT,
    "commit_title" TEXT,
    "status" TEXT NOT NULL DEFAULT 'pending',
    "is_paused" BOOLEAN NOT NULL DEFAULT false,
    "triggered_by" TEXT,
    "dedupe_key" TEXT,
    "error" TEXT,
    "definition" JSONB,
    "started_at" TIMESTAMPTZ(6),
    "finished_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pipelines_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "pipeline_steps" (
    "id" TEXT NOT NULL,
    "pipeline_id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "step_order" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "image" TEXT NOT NULL,
    "commands" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "needs" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "kind" TEXT NOT NULL DEFAULT 'command',
    "status" TEXT NOT NULL DEFAULT 'pending',
    "tries" INTEGER NOT NULL DEFAULT 0,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "log_ref" TEXT,
    "log_bytes" BIGINT NOT NULL DEFAULT 0,
    "exit_code" INTEGER,
    "reason" TEXT,
    "duration_ms" INTEGER,
    "started_at" TIMESTAMPTZ(6),
    "finished_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pipeline_steps_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "log_chunks" (
    "step_id" TEXT NOT NULL,
    "offset" BIGINT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "data" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "log_chunks_pkey" PRIMARY KEY ("step_id","offset")
);

CREATE TABLE "artifacts" (
    "id" TEXT NOT NULL,
    "pipeline_id" TEXT NOT NULL,
    "step_name" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "minio_path" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "content_type" TEXT,
    "size_bytes" BIGINT,
    "expires_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "artifacts_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "gates" (
    "id" TEXT NOT NULL,
    "subject_type" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "workflow_id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "change_id" TEXT NOT NULL,
    "commit_sha" TEXT,
    "target" TEXT,
    "permission" TEXT NOT NULL,
    "quorum" INTEGER NOT NULL DEFAULT 1,
    "requested_by" TEXT,
    "status" TEXT NOT NULL DEFAULT 'open',
    "expires_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closed_at" TIMESTAMPTZ(6),

    CONSTRAINT "gates_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "gate_decisions" (
    "id" TEXT NOT NULL,
    "gate_id" TEXT NOT NULL,
    "decider_id" TEXT NOT NULL,
    "decision" TEXT NOT NULL,
    "reason" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "gate_decisions_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "pipelines_dedupe_key_key" ON "pipelines"("dedupe_key");
CREATE INDEX "pipelines_project_id_created_at_idx" ON "pipelines"("project_id", "created_at" DESC);
CREATE INDEX "pipelines_status_idx" ON "pipelines"("status");
CREATE INDEX "pipelines_change_id_idx" ON "pipelines"("change_id");
CREATE UNIQUE INDEX "pipelines_project_id_number_key" ON "pipelines"("project_id", "number");
CREATE UNIQUE INDEX "pipeline_steps_pipeline_id_name_key" ON "pipeline_steps"("pipeline_id", "name");
CREATE UNIQUE INDEX "artifacts_pipeline_id_step_name_name_path_key" ON "artifacts"("pipeline_id", "step_name", "name", "path");
CREATE INDEX "gates_project_id_status_idx" ON "gates"("project_id", "status");
CREATE UNIQUE INDEX "gates_subject_type_subject_id_step_key" ON "gates"("subject_type", "subject_id", "step");
CREATE UNIQUE INDEX "gate_decisions_gate_id_decider_id_key" ON "gate_decisions"("gate_id", "decider_id");

ALTER TABLE "pipelines" ADD CONSTRAINT "pipelines_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "pipeline_steps" ADD CONSTRAINT "pipeline_steps_pipeline_id_fkey" FOREIGN KEY ("pipeline_id") REFERENCES "pipelines"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "pipeline_steps" ADD CONSTRAINT "pipeline_steps_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "log_chunks" ADD CONSTRAINT "log_chunks_step_id_fkey" FOREIGN KEY ("step_id") REFERENCES "pipeline_steps"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "artifacts" ADD CONSTRAINT "artifacts_pipeline_id_fkey" FOREIGN KEY ("pipeline_id") REFERENCES "pipelines"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "gates" ADD CONSTRAINT "gates_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "gate_decisions" ADD CONSTRAINT "gate_decisions_gate_id_fkey" FOREIGN KEY ("gate_id") REFERENCES "gates"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "pipelines" ADD CONSTRAINT "pipelines_trigger_check" CHECK ("trigger" IN ('push', 'api', 'schedule', 'mr'));
ALTER TABLE "pipelines" ADD CONSTRAINT "pipelines_status_check" CHECK ("status" IN ('pending', 'running', 'success', 'failure', 'cancelled'));
ALTER TABLE "pipeline_steps" ADD CONSTRAINT "pipeline_steps_kind_check" CHECK ("kind" IN ('command', 'gate'));
ALTER TABLE "pipeline_steps" ADD CONSTRAINT "pipeline_steps_status_check" CHECK ("status" IN ('pending', 'running', 'waiting', 'success', 'failure', 'skipped', 'cancelled'));
ALTER TABLE "gates" ADD CONSTRAINT "gates_status_check" CHECK ("status" IN ('open', 'approved', 'rejected', 'skipped', 'expired', 'void'));
ALTER TABLE "gate_decisions" ADD CONSTRAINT "gate_decisions_decision_check" CHECK ("decision" IN ('approve', 'reject', 'skip'));
ALTER TABLE "gates" ADD CONSTRAINT "gates_quorum_check" CHECK ("quorum" >= 1);
