-- Secrets go to a run only when everybody behind its head may use them, or when its branch is protected and was reached
-- by its rules.

-- Only for runs of protected branches. Secrets of before keep their value false: nothing that could use them loses them.
ALTER TABLE "secrets" ADD COLUMN "is_protected" BOOLEAN NOT NULL DEFAULT false;

-- Whether the credential that made the push could use secrets at that moment: a token of a smaller scope could not, though
-- its owner may. Null: pushed before this was noted.
ALTER TABLE "pushes" ADD COLUMN "with_secrets" BOOLEAN;

-- The last commit that each ref was led to by the rules of a protected branch: what it holds has been answered for.
CREATE TABLE "vouched_heads" (
  "project_id" TEXT NOT NULL REFERENCES "projects" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  "ref" TEXT NOT NULL,
  "sha" TEXT NOT NULL,
  "vouched_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "vouched_heads_pkey" PRIMARY KEY ("project_id", "ref")
);

-- What lies on default and protected branches today was given secrets until today: it stays trusted, what comes is asked.
WITH "rules" AS (
  SELECT "project_id",
         '^' || replace(replace(replace(replace(
           regexp_replace(lower("pattern"), '([.+^$()|\\\[\]{}])', '\\\1', 'g'),
           '**', chr(1)), '*', '[^/]*'), '?', '[^/]'), chr(1), '.*') || '$' AS "branch"
    FROM "protected_branches"
)
INSERT INTO "vouched_heads" ("project_id", "ref", "sha")
SELECT r."project_id", r."name", r."sha"
  FROM "git_refs" r
  JOIN "projects" p ON p."id" = r."project_id"
 WHERE r."name" = 'refs/heads/' || p."default_branch"
    OR EXISTS (
      SELECT 1 FROM "rules"
       WHERE "rules"."project_id" = r."project_id"
         AND r."name" LIKE 'refs/heads/%'
         AND lower(substr(r."name", 12)) ~ "rules"."branch"
    );
