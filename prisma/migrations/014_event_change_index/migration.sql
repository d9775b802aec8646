CREATE INDEX "events_change_id_idx" ON "events"("change_id");
