-- What is done later in somebody's name is done within the limits of the credential that asked for it (ADR 51):
-- { tokenId, scopes, projectId, actChain }. NULL: written before this was noted, so that nobody knows them.
ALTER TABLE "events" ADD COLUMN "actor_limits" JSONB;
ALTER TABLE "pipelines" ADD COLUMN "triggered_limits" JSONB;
ALTER TABLE "merge_requests" ADD COLUMN "auto_merge_limits" JSONB;
ALTER TABLE "deployments" ADD COLUMN "ops_repo_set_limits" JSONB;
