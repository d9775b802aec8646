-- Small files of one artifact lie in one object, one behind the other; and what may be run stays so in an archive of all.
ALTER TABLE "artifacts" ADD COLUMN "blob_offset" BIGINT, ADD COLUMN "mode" INTEGER;
