-- Whether a closed rule makes its branches deploy: only where whoever wrote it may deploy (ADR 51).
-- Rules of before go on as they were; new ones are told apart when they are written.
ALTER TABLE "protected_branches" ADD COLUMN "speaks" BOOLEAN NOT NULL DEFAULT true;
