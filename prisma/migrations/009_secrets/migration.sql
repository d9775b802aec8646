CREATE TABLE "secrets" (
    "id" TEXT NOT NULL,
    "project_id" TEXT,
    "name" TEXT NOT NULL,
    "encrypted_value" BYTEA NOT NULL,
    "scope" TEXT NOT NULL DEFAULT 'pipeline',
    "environment" TEXT,
    "version" INTEGER NOT NULL DEFAULT 1,
    "key_id" TEXT NOT NULL,
    "created_by" TEXT,
    "updated_by" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "secrets_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "secret_versions" (
    "secret_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "encrypted_value" BYTEA NOT NULL,
    "key_id" TEXT NOT NULL,
    "created_by" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "secret_versions_pkey" PRIMARY KEY ("secret_id","version")
);

ALTER TABLE "secrets" ADD CONSTRAINT "secrets_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "secret_versions" ADD CONSTRAINT "secret_versions_secret_id_fkey" FOREIGN KEY ("secret_id") REFERENCES "secrets"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- A secret without a project is global; its name is taken once too.
CREATE UNIQUE INDEX "secrets_project_id_name_key" ON "secrets"("project_id", "name") NULLS NOT DISTINCT;

ALTER TABLE "secrets" ADD CONSTRAINT "secrets_scope_check" CHECK ("scope" IN ('pipeline', 'agent', 'deploy', 'all'));

CREATE TRIGGER "secrets_set_updated_at" BEFORE UPDATE ON "secrets" FOR EACH ROW EXECUTE FUNCTION set_updated_at();
