CREATE TABLE "events" (
    "id" TEXT NOT NULL,
    "xid" BIGINT NOT NULL DEFAULT (pg_current_xact_id())::text::bigint,
    "seq" BIGSERIAL NOT NULL,
    "type" TEXT NOT NULL,
    "project_id" TEXT,
    "change_id" TEXT,
    "actor_id" TEXT,
    "subject_id" TEXT,
    "message" TEXT NOT NULL DEFAULT '',
    "payload" JSONB NOT NULL DEFAULT '{}',
    "traceparent" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "events_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "event_cursors" (
    "consumer" TEXT NOT NULL,
    "xid" BIGINT NOT NULL DEFAULT 0,
    "seq" BIGINT NOT NULL DEFAULT 0,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "retry_at" TIMESTAMPTZ(6),
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_cursors_pkey" PRIMARY KEY ("consumer")
);

CREATE TABLE "event_dead_letters" (
    "id" TEXT NOT NULL,
    "consumer" TEXT NOT NULL,
    "event_id" TEXT NOT NULL,
    "error" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_dead_letters_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "events_xid_seq_idx" ON "events"("xid", "seq");
CREATE INDEX "events_project_id_created_at_idx" ON "events"("project_id", "created_at");
CREATE INDEX "events_type_idx" ON "events"("type");
CREATE UNIQUE INDEX "event_dead_letters_consumer_event_id_key" ON "event_dead_letters"("consumer", "event_id");
