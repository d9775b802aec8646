-- Which run a revision was rendered for, and which one a roll-out was wanted by: what is desired after a rollback, and what
-- became of what a run asked for. Of before: the newest good run of the commit.
ALTER TABLE "deployment_revisions" ADD COLUMN "pipeline_id" TEXT;
ALTER TABLE "deployment_syncs" ADD COLUMN "pipeline_id" TEXT;

UPDATE "deployment_revisions" AS r SET "pipeline_id" = found."id"
FROM (
    SELECT DISTINCT ON (one."id") one."id" AS "revision_id", p."id"
    FROM "deployment_revisions" AS one
    JOIN "deployments" AS d ON d."id" = one."deployment_id"
    JOIN "pipelines" AS p ON p."project_id" = d."project_id" AND p."commit_sha" = one."commit_sha"
    WHERE p."status" = 'success'
    ORDER BY one."id", p."change_id" = one."change_id" DESC NULLS LAST, p."number" DESC
) AS found
WHERE r."id" = found."revision_id";

UPDATE "deployment_syncs" AS s SET "pipeline_id" = r."pipeline_id"
FROM "deployment_revisions" AS r
WHERE r."id" = s."revision_id" AND s."action" = 'deploy' AND s."change_id" = r."change_id";
