-- A revision that is kept no more loses its manifests, never its row: syncs and history name it.
ALTER TABLE "deployment_revisions" ADD COLUMN "trimmed_at" TIMESTAMPTZ(6);
