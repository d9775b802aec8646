-- When the target was last compared with what is desired. Workers take what is due, so that hundreds of environments at
-- rest cost no timer of their own.
ALTER TABLE "deployments" ADD COLUMN "looked_at" TIMESTAMPTZ(6);
