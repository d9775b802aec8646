-- When an event that could not be handled is tried again by itself; NULL = it waits for a person.
ALTER TABLE "event_dead_letters" ADD COLUMN "next_try_at" TIMESTAMPTZ(6);

-- Those of before, as far as they were still tried: once more, and then they wait for a person.
UPDATE "event_dead_letters" l SET "next_try_at" = CURRENT_TIMESTAMP
FROM "events" e
WHERE e."id" = l."event_id" AND l."consumer" = 'core' AND l."attempts" < 60
  AND e."type" IN (
    'git.pushed', 'pipeline.created', 'pipeline.trigger_requested', 'pipeline.cancel_requested', 'pipeline.pause_requested',
    'pipeline.resume_requested', 'gate.decided', 'deployment.created', 'deployment.desired_changed',
    'deployment.abort_requested', 'preview.requested', 'mr.closed', 'mr.merged', 'mr.reopened', 'project.deleted',
    'pipeline.completed'
  );
