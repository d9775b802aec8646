-- What the file of the deployed commit asks for, apart from what operators set: a run must never lower theirs, and the larger
-- of both counts. A number that is there already may be anybody's, so it stays as the operators' own until they change it.
ALTER TABLE "deployments"
    ADD COLUMN "approvals_asked" INTEGER NOT NULL DEFAULT 0,
    ADD CONSTRAINT "deployments_approvals_asked_check" CHECK ("approvals_asked" BETWEEN 0 AND 20);
