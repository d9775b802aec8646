-- A voice counts while its person may decide: what only their JWT claimed stands in no row of ours, so it is kept with the
-- voice. Of a gate that is closed: whether it counted then.
ALTER TABLE "gate_decisions"
  ADD COLUMN "claimed_permissions" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
  ADD COLUMN "is_counted" BOOLEAN NOT NULL DEFAULT true;
