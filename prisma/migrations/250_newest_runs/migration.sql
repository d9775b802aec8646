-- The newest run of a branch is one step into this index, however many runs there are of others.
CREATE INDEX "pipelines_project_id_git_ref_id_idx" ON "pipelines"("project_id", "git_ref", "id" DESC);
