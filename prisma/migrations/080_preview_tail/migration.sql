-- Since when a preview is as it is: the reconciler leaves alone what changed just now, for a wish is still on its way then.
ALTER TABLE "previews" ADD COLUMN "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP;
CREATE TRIGGER "previews_set_updated_at" BEFORE UPDATE ON "previews" FOR EACH ROW EXECUTE FUNCTION set_updated_at();
