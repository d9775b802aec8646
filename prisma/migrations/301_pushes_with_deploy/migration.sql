-- Whether the credential of a push could deploy when it was made: what a branch of its own deploys is asked for it (ADR 51).
-- NULL: pushed before this was noted.
ALTER TABLE "pushes" ADD COLUMN "with_deploy" BOOLEAN;
