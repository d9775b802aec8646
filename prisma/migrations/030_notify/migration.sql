ALTER TABLE "notifications"
    ADD COLUMN "event_id" TEXT,
    ADD COLUMN "project_id" TEXT,
    ADD COLUMN "change_id" TEXT,
    ADD COLUMN "actor_id" TEXT,
    ADD COLUMN "link" TEXT,
    ADD COLUMN "error" TEXT,
    ADD COLUMN "sent_at" TIMESTAMPTZ(6),
    ADD COLUMN "read_at" TIMESTAMPTZ(6);

CREATE UNIQUE INDEX "notifications_user_id_event_id_channel_key" ON "notifications"("user_id", "event_id", "channel");
CREATE INDEX "notifications_user_id_channel_id_idx" ON "notifications"("user_id", "channel", "id");
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_ref_type_check" CHECK ("ref_type" IN ('pipeline', 'mr', 'session', 'alert', 'gate', 'deployment'));

CREATE TABLE "notification_preferences" (
    "user_id" TEXT NOT NULL,
    "notification_type" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "wants" TEXT NOT NULL,

    CONSTRAINT "notification_preferences_pkey" PRIMARY KEY ("user_id", "notification_type", "channel")
);
ALTER TABLE "notification_preferences" ADD CONSTRAINT "notification_preferences_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "notification_preferences" ADD CONSTRAINT "notification_preferences_channel_check" CHECK ("channel" IN ('in_app', 'email', 'webhook'));
ALTER TABLE "notification_preferences" ADD CONSTRAINT "notification_preferences_wants_check" CHECK ("wants" IN ('all', 'own', 'none'));

CREATE TABLE "notification_endpoints" (
    "user_id" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "notification_endpoints_pkey" PRIMARY KEY ("user_id")
);
ALTER TABLE "notification_endpoints" ADD CONSTRAINT "notification_endpoints_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
CREATE TRIGGER "notification_endpoints_set_updated_at" BEFORE UPDATE ON "notification_endpoints" FOR EACH ROW EXECUTE FUNCTION set_updated_at();

ALTER TABLE "webhooks"
    ADD COLUMN "created_by" TEXT,
    ADD COLUMN "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    ADD COLUMN "off_reason" TEXT;
CREATE TRIGGER "webhooks_set_updated_at" BEFORE UPDATE ON "webhooks" FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE "deliveries" (
    "id" TEXT NOT NULL,
    "seq" BIGSERIAL NOT NULL,
    "subscription" TEXT NOT NULL,
    "webhook_id" TEXT,
    "notification_id" TEXT,
    "event_id" TEXT NOT NULL,
    "event_type" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "response_status" INTEGER,
    "error" TEXT,
    "duration_ms" INTEGER,
    "sent_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "deliveries_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "deliveries_subscription_event_id_key" ON "deliveries"("subscription", "event_id");
CREATE INDEX "deliveries_subscription_status_seq_idx" ON "deliveries"("subscription", "status", "seq");
CREATE INDEX "deliveries_event_id_idx" ON "deliveries"("event_id");
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_webhook_id_fkey" FOREIGN KEY ("webhook_id") REFERENCES "webhooks"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_notification_id_fkey" FOREIGN KEY ("notification_id") REFERENCES "notifications"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_status_check" CHECK ("status" IN ('pending', 'sent', 'failed'));

CREATE TABLE "gate_link_uses" (
    "token_hash" TEXT NOT NULL,
    "gate_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "used_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "gate_link_uses_pkey" PRIMARY KEY ("token_hash")
);
ALTER TABLE "gate_link_uses" ADD CONSTRAINT "gate_link_uses_gate_id_fkey" FOREIGN KEY ("gate_id") REFERENCES "gates"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "gate_link_uses" ADD CONSTRAINT "gate_link_uses_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Nobody wants to be told of what happened before notifications were there.
INSERT INTO "event_cursors" ("consumer", "xid", "seq")
SELECT 'notify', "xid", "seq" FROM "events" ORDER BY "xid" DESC, "seq" DESC LIMIT 1;
