-- Who is about to move refs, written down before git is let: a process that dies between the move and its record leaves
-- nothing that moved by nobody's hand. Gone with the record of the push.
CREATE TABLE "push_intents" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "project_id" TEXT NOT NULL REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  "pusher_id" TEXT NOT NULL,
  "pusher_limits" JSONB NOT NULL,
  "is_skipped" BOOLEAN NOT NULL,
  "updates" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX "push_intents_project_id_idx" ON "push_intents"("project_id");
