CREATE TABLE "audit_log" (
    "seq" BIGSERIAL NOT NULL,
    "id" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "actor_name" TEXT NOT NULL,
    "act_chain" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "action" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    "resource_id" TEXT,
    "project_id" TEXT,
    "detail" JSONB NOT NULL DEFAULT '{}',
    "ip_addr" INET,
    "request_id" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "prev_hash" TEXT NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "audit_log_pkey" PRIMARY KEY ("seq")
);

CREATE TABLE "audit_head" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "count" BIGINT NOT NULL DEFAULT 0,
    "hash" TEXT NOT NULL,

    CONSTRAINT "audit_head_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "audit_log_id_key" ON "audit_log"("id");
CREATE UNIQUE INDEX "audit_log_prev_hash_key" ON "audit_log"("prev_hash");
CREATE INDEX "audit_log_project_id_idx" ON "audit_log"("project_id");
CREATE INDEX "audit_log_actor_id_created_at_idx" ON "audit_log"("actor_id", "created_at" DESC);
CREATE INDEX "audit_log_resource_resource_id_created_at_idx" ON "audit_log"("resource", "resource_id", "created_at" DESC);

ALTER TABLE "audit_head" ADD CONSTRAINT "audit_head_one_row_check" CHECK ("id" = 1);
-- sha256 of nothing: what the first row has as its predecessor.
INSERT INTO "audit_head" ("id", "count", "hash") VALUES (1, 0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

-- Rows are only ever added. The one change that is let through takes the id of a deleted project out;
-- that is why the project is no part of a row's hash.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_LEVEL = 'ROW' THEN
    IF NEW.project_id IS NULL AND (to_jsonb(NEW) - 'project_id') = (to_jsonb(OLD) - 'project_id') THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER "audit_log_refuse_change" BEFORE UPDATE OR DELETE ON "audit_log" FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER "audit_log_refuse_truncate" BEFORE TRUNCATE ON "audit_log" FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER "audit_head_refuse_delete" BEFORE DELETE ON "audit_head" FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER "audit_head_refuse_truncate" BEFORE TRUNCATE ON "audit_head" FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
ALTER TABLE "audit_log" ENABLE ALWAYS TRIGGER "audit_log_refuse_change";
ALTER TABLE "audit_log" ENABLE ALWAYS TRIGGER "audit_log_refuse_truncate";
ALTER TABLE "audit_head" ENABLE ALWAYS TRIGGER "audit_head_refuse_delete";
ALTER TABLE "audit_head" ENABLE ALWAYS TRIGGER "audit_head_refuse_truncate";

-- The head counts rows upward, one at a time.
CREATE FUNCTION refuse_audit_head_jump() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.count <> OLD.count + 1 THEN
    RAISE EXCEPTION 'audit_head grows by one' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER "audit_head_refuse_jump" BEFORE UPDATE ON "audit_head" FOR EACH ROW EXECUTE FUNCTION refuse_audit_head_jump();
ALTER TABLE "audit_head" ENABLE ALWAYS TRIGGER "audit_head_refuse_jump";

-- No foreign key to projects: a row of the log must not stand in the way of anything, nor go away with it.
CREATE FUNCTION forget_project_in_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE audit_log SET project_id = NULL WHERE project_id = OLD.id;
  RETURN NULL;
END
$$;
CREATE TRIGGER "projects_forget_in_audit" AFTER DELETE ON "projects" FOR EACH ROW EXECUTE FUNCTION forget_project_in_audit();
