-- What became of what a run asked for.
CREATE INDEX "deployment_syncs_pipeline_id_idx" ON "deployment_syncs"("pipeline_id");
