CREATE TABLE "traces" (
    "id" TEXT NOT NULL,
    "trace_id" TEXT NOT NULL,
    "project_id" TEXT,
    "session_id" TEXT,
    "user_id" TEXT,
    "root_span" TEXT NOT NULL,
    "service" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'ok',
    "duration_ms" INTEGER,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "finished_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "traces_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "spans" (
    "id" TEXT NOT NULL,
    "trace_id" TEXT NOT NULL,
    "span_id" TEXT NOT NULL,
    "parent_span_id" TEXT,
    "name" TEXT NOT NULL,
    "service" TEXT NOT NULL,
    "kind" TEXT NOT NULL DEFAULT 'internal',
    "status" TEXT NOT NULL DEFAULT 'ok',
    "attributes" JSONB,
    "events" JSONB,
    "duration_ms" INTEGER,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "finished_at" TIMESTAMPTZ(6),

    CONSTRAINT "spans_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "log_entries" (
    "id" TEXT NOT NULL,
    "timestamp" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "trace_id" TEXT,
    "span_id" TEXT,
    "project_id" TEXT,
    "session_id" TEXT,
    "user_id" TEXT,
    "service" TEXT NOT NULL,
    "level" TEXT NOT NULL DEFAULT 'info',
    "message" TEXT NOT NULL,
    "attributes" JSONB,
    "namespace" TEXT,
    "pod" TEXT,
    "container" TEXT,

    CONSTRAINT "log_entries_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "metric_series" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "labels" JSONB NOT NULL DEFAULT '{}',
    "metric_type" TEXT NOT NULL DEFAULT 'gauge',
    "unit" TEXT,
    "project_id" TEXT,
    "last_value" DOUBLE PRECISION,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "metric_series_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "metric_samples" (
    "series_id" TEXT NOT NULL,
    "timestamp" TIMESTAMPTZ(6) NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "metric_samples_pkey" PRIMARY KEY ("series_id","timestamp")
);

CREATE TABLE "alert_rules" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "query" TEXT NOT NULL,
    "condition" TEXT NOT NULL,
    "threshold" DOUBLE PRECISION,
    "for_seconds" INTEGER NOT NULL DEFAULT 60,
    "severity" TEXT NOT NULL DEFAULT 'warning',
    "notify_channels" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "project_id" TEXT,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "alert_rules_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "alert_events" (
    "id" TEXT NOT NULL,
    "rule_id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "value" DOUBLE PRECISION,
    "message" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "resolved_at" TIMESTAMPTZ(6),

    CONSTRAINT "alert_events_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "alert_events_status_created_at_idx" ON "alert_events"("status", "created_at" DESC);
CREATE UNIQUE INDEX "traces_trace_id_key" ON "traces"("trace_id");
CREATE UNIQUE INDEX "spans_span_id_key" ON "spans"("span_id");
CREATE INDEX "spans_trace_id_idx" ON "spans"("trace_id");
CREATE INDEX "log_entries_timestamp_idx" ON "log_entries"("timestamp" DESC);
CREATE INDEX "log_entries_project_id_timestamp_idx" ON "log_entries"("project_id", "timestamp" DESC);
CREATE INDEX "log_entries_session_id_timestamp_idx" ON "log_entries"("session_id", "timestamp" DESC);
CREATE INDEX "log_entries_trace_id_idx" ON "log_entries"("trace_id");
CREATE INDEX "log_entries_level_timestamp_idx" ON "log_entries"("level", "timestamp" DESC);
CREATE UNIQUE INDEX "metric_series_name_labels_key" ON "metric_series"("name", "labels");

ALTER TABLE "alert_rules" ADD CONSTRAINT "alert_rules_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "alert_events" ADD CONSTRAINT "alert_events_rule_id_fkey" FOREIGN KEY ("rule_id") REFERENCES "alert_rules"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "traces" ADD CONSTRAINT "traces_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "traces" ADD CONSTRAINT "traces_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "agent_sessions"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "traces" ADD CONSTRAINT "traces_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "log_entries" ADD CONSTRAINT "log_entries_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "log_entries" ADD CONSTRAINT "log_entries_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "agent_sessions"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "log_entries" ADD CONSTRAINT "log_entries_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "metric_series" ADD CONSTRAINT "metric_series_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "metric_samples" ADD CONSTRAINT "metric_samples_series_id_fkey" FOREIGN KEY ("series_id") REFERENCES "metric_series"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "traces" ADD CONSTRAINT "traces_status_check" CHECK ("status" IN ('ok', 'error', 'unset'));
ALTER TABLE "spans" ADD CONSTRAINT "spans_kind_check" CHECK ("kind" IN ('internal', 'server', 'client', 'producer', 'consumer'));
ALTER TABLE "spans" ADD CONSTRAINT "spans_status_check" CHECK ("status" IN ('ok', 'error', 'unset'));
ALTER TABLE "log_entries" ADD CONSTRAINT "log_entries_level_check" CHECK ("level" IN ('trace', 'debug', 'info', 'warn', 'error', 'fatal'));
ALTER TABLE "metric_series" ADD CONSTRAINT "metric_series_metric_type_check" CHECK ("metric_type" IN ('gauge', 'counter', 'histogram', 'summary'));
ALTER TABLE "alert_rules" ADD CONSTRAINT "alert_rules_condition_check" CHECK ("condition" IN ('gt', 'lt', 'eq', 'absent'));
ALTER TABLE "alert_rules" ADD CONSTRAINT "alert_rules_severity_check" CHECK ("severity" IN ('info', 'warning', 'critical'));
ALTER TABLE "alert_events" ADD CONSTRAINT "alert_events_status_check" CHECK ("status" IN ('firing', 'resolved'));

CREATE TRIGGER "metric_series_set_updated_at" BEFORE UPDATE ON "metric_series" FOR EACH ROW EXECUTE FUNCTION set_updated_at();
