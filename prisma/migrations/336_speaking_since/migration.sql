-- Since when a rule closes its branches: what was pushed to them before it does not deploy by it (ADR 59).
ALTER TABLE "protected_branches" ADD COLUMN "speaks_since" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP;
UPDATE "protected_branches" SET "speaks_since" = "created_at";
