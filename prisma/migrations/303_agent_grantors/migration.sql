-- Who let an agent in, by a role or a token: it acts for them as it does for those who delegate to it, also when the role or
-- the token is gone again. Roles are noted by a trigger, whoever writes them.
CREATE TABLE "agent_grantors" (
    "agent_id" TEXT NOT NULL,
    "grantor_id" TEXT NOT NULL,

    CONSTRAINT "agent_grantors_pkey" PRIMARY KEY ("agent_id", "grantor_id")
);
CREATE INDEX "agent_grantors_grantor_id_idx" ON "agent_grantors"("grantor_id");
ALTER TABLE "agent_grantors" ADD CONSTRAINT "agent_grantors_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "agent_grantors" ADD CONSTRAINT "agent_grantors_grantor_id_fkey" FOREIGN KEY ("grantor_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

INSERT INTO "agent_grantors" ("agent_id", "grantor_id")
SELECT DISTINCT r.user_id, r.granted_by FROM user_roles r JOIN users u ON u.id = r.user_id
 WHERE u.kind = 'agent' AND r.granted_by IS NOT NULL AND r.granted_by <> r.user_id;

CREATE FUNCTION note_agent_grantor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO agent_grantors (agent_id, grantor_id)
  SELECT u.id, NEW.granted_by FROM users u
   WHERE u.id = NEW.user_id AND u.kind = 'agent' AND NEW.granted_by IS NOT NULL AND NEW.granted_by <> u.id
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER user_roles_note_grantor AFTER INSERT OR UPDATE ON user_roles
  FOR EACH ROW EXECUTE FUNCTION note_agent_grantor();
