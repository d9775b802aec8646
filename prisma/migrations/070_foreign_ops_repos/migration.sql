-- Ops repositories that lie elsewhere: how they are read, what was read last, and when the next try is due. A fetch is one
-- process's alone until `fetch_held_until`.
ALTER TABLE "ops_repos"
    ADD COLUMN "credential_secret" TEXT,
    ADD COLUMN "credential_version" INTEGER,
    ADD COLUMN "head_sha" TEXT,
    ADD COLUMN "fetched_at" TIMESTAMPTZ(6),
    ADD COLUMN "tried_at" TIMESTAMPTZ(6),
    ADD COLUMN "fetch_error" TEXT,
    ADD COLUMN "fetch_failures" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "fetch_at" TIMESTAMPTZ(6),
    ADD COLUMN "fetch_holder" TEXT,
    ADD COLUMN "fetch_held_until" TIMESTAMPTZ(6),
    ADD CONSTRAINT "ops_repos_head_sha_check" CHECK ("head_sha" ~ '^[0-9a-f]{40}$'),
    ADD CONSTRAINT "ops_repos_fetch_failures_check" CHECK ("fetch_failures" >= 0);
