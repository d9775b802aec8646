CREATE TABLE "ops_repos" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "repo_url" TEXT NOT NULL,
    "branch" TEXT NOT NULL DEFAULT 'main',
    "path" TEXT NOT NULL DEFAULT '/',
    "sync_interval_s" INTEGER NOT NULL DEFAULT 60,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ops_repos_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "deployments" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "environment" TEXT NOT NULL DEFAULT 'production',
    "ops_repo_id" TEXT,
    "manifest_path" TEXT,
    "image_ref" TEXT NOT NULL,
    "values_override" JSONB,
    "desired_status" TEXT NOT NULL DEFAULT 'active',
    "current_status" TEXT NOT NULL DEFAULT 'pending',
    "current_sha" TEXT,
    "deployed_by" TEXT,
    "deployed_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "deployments_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "deployment_history" (
    "id" TEXT NOT NULL,
    "deployment_id" TEXT NOT NULL,
    "image_ref" TEXT NOT NULL,
    "ops_repo_sha" TEXT,
    "action" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "deployed_by" TEXT,
    "message" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "deployment_history_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "ops_repos_name_key" ON "ops_repos"("name");
CREATE INDEX "deployments_desired_status_current_status_idx" ON "deployments"("desired_status", "current_status");
CREATE UNIQUE INDEX "deployments_project_id_environment_key" ON "deployments"("project_id", "environment");
CREATE INDEX "deployment_history_deployment_id_created_at_idx" ON "deployment_history"("deployment_id", "created_at");

ALTER TABLE "deployments" ADD CONSTRAINT "deployments_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_ops_repo_id_fkey" FOREIGN KEY ("ops_repo_id") REFERENCES "ops_repos"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_deployed_by_fkey" FOREIGN KEY ("deployed_by") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "deployment_history" ADD CONSTRAINT "deployment_history_deployment_id_fkey" FOREIGN KEY ("deployment_id") REFERENCES "deployments"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "deployment_history" ADD CONSTRAINT "deployment_history_deployed_by_fkey" FOREIGN KEY ("deployed_by") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

ALTER TABLE "deployments" ADD CONSTRAINT "deployments_environment_check" CHECK ("environment" IN ('preview', 'staging', 'production'));
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_desired_status_check" CHECK ("desired_status" IN ('active', 'stopped', 'rollback'));
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_current_status_check" CHECK ("current_status" IN ('pending', 'syncing', 'healthy', 'degraded', 'failed'));
ALTER TABLE "deployment_history" ADD CONSTRAINT "deployment_history_action_check" CHECK ("action" IN ('deploy', 'rollback', 'stop', 'scale'));
ALTER TABLE "deployment_history" ADD CONSTRAINT "deployment_history_status_check" CHECK ("status" IN ('success', 'failure'));

CREATE TRIGGER "deployments_set_updated_at" BEFORE UPDATE ON "deployments" FOR EACH ROW EXECUTE FUNCTION set_updated_at();
