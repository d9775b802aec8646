-- No two deployments have one namespace. Owner, project and environment joined by dashes could meet: a-b and c, a and b-c.
ALTER TABLE "deployments" ADD COLUMN "former_namespace" TEXT;

CREATE TABLE "deployment_names" (
    "namespace" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "deployment_names_pkey" PRIMARY KEY ("namespace")
);

-- Of those that meet the oldest keeps its name, and one of a cluster before one of this machine, where nothing is known by it.
CREATE TEMPORARY TABLE "renamed" ON COMMIT DROP AS
SELECT "id", "target", "namespace" AS "old",
       rtrim(left("namespace", 50), '-') || '-' || left(encode(sha256(convert_to("id", 'UTF8')), 'hex'), 12) AS "new"
FROM (SELECT "id", "target", "namespace",
             row_number() OVER (PARTITION BY "namespace" ORDER BY "target" = 'kubernetes' DESC, "created_at", "id") AS "place"
      FROM "deployments" WHERE "namespace" <> '') numbered
WHERE "place" > 1;

-- In a cluster it goes on in its old namespace until the new one is well: what is desired is brought there by a roll-out.
UPDATE "deployments" d SET
    "namespace" = r."new",
    "former_namespace" = CASE WHEN r."target" = 'kubernetes' THEN r."old" END,
    "generation" = d."generation" + CASE WHEN r."target" = 'kubernetes' AND NOT d."is_deleting" THEN 1 ELSE 0 END
FROM "renamed" r WHERE r."id" = d."id";

-- What its roll-outs did is known by the objects' names, where an undo looks for it.
UPDATE "deployment_sync_objects" o SET "namespace" = r."new"
FROM "deployment_syncs" s, "renamed" r
WHERE s."id" = o."sync_id" AND r."id" = s."deployment_id" AND o."namespace" = r."old";

INSERT INTO "deployment_names" ("namespace", "project_id", "slug", "created_at")
SELECT d."namespace", d."project_id", COALESCE('preview-' || m."number", d."environment"), d."created_at"
FROM "deployments" d LEFT JOIN "merge_requests" m ON m."id" = d."merge_request_id"
WHERE d."namespace" <> '';

CREATE UNIQUE INDEX "deployments_namespace_key" ON "deployments"("namespace") WHERE "namespace" <> '';

-- Who had manifests read from an ops repository: asked for their permission at each reading. Until now nobody was; the last
-- one who chose it where that is written down, else the owner of the project.
ALTER TABLE "deployments" ADD COLUMN "ops_repo_set_by" TEXT;
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_ops_repo_set_by_fkey" FOREIGN KEY ("ops_repo_set_by") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
UPDATE "deployments" d SET "ops_repo_set_by" = COALESCE(
  (SELECT u."id" FROM "audit_log" a JOIN "users" u ON u."id" = a."actor_id"
   WHERE a."resource" = 'deployment' AND a."resource_id" = d."id"
     AND (a."action" = 'deployment.created' OR (a."action" = 'deployment.updated' AND
          (a."detail" -> 'changed') ?| ARRAY['opsRepoId', 'manifestPath']))
   ORDER BY a."seq" DESC LIMIT 1),
  (SELECT p."owner_id" FROM "projects" p WHERE p."id" = d."project_id"))
WHERE d."ops_repo_id" IS NOT NULL;
