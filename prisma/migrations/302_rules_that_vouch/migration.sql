-- Whether a rule answers for what it leads to its branches: only where whoever wrote it may use secrets (ADR 51).
-- Rules of before go on answering; new ones are told apart when they are written.
ALTER TABLE "protected_branches" ADD COLUMN "vouches" BOOLEAN NOT NULL DEFAULT true;
