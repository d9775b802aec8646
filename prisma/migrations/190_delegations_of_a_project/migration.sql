-- Whoever may hand on access of a project lists its delegations and takes back any of them: who did so is told.
-- What was given before goes on living; it stands in the same list.
ALTER TABLE "delegations" ADD COLUMN "revoked_by" TEXT;
ALTER TABLE "delegations" ADD CONSTRAINT "delegations_revoked_by_fkey" FOREIGN KEY ("revoked_by") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
CREATE INDEX "delegations_project_id_idx" ON "delegations"("project_id");
