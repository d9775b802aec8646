-- Automatic merges are tried beside the outbox, a turn for each owner (ADR 52). Due: something that a merge is decided by may
-- have changed. Held: a process tries it until then. Tries: failures in a row that said nothing of the merge request.
ALTER TABLE "merge_requests" ADD COLUMN "auto_merge_due_at" TIMESTAMPTZ(6);
ALTER TABLE "merge_requests" ADD COLUMN "auto_merge_held_until" TIMESTAMPTZ(6);
ALTER TABLE "merge_requests" ADD COLUMN "auto_merge_tries" INTEGER NOT NULL DEFAULT 0;
CREATE INDEX "merge_requests_auto_merge_due_at_idx" ON "merge_requests"("auto_merge_due_at") WHERE "auto_merge_due_at" IS NOT NULL;
-- Those that wait are tried once by the new way: nobody knows what the old one had still to do.
UPDATE "merge_requests" SET "auto_merge_due_at" = date_trunc('milliseconds', clock_timestamp()) WHERE "status" = 'open' AND "auto_merge_style" IS NOT NULL;
