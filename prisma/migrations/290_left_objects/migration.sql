-- Objects whose rows went with a project: which they were is known only while the rows are there.
CREATE TABLE "left_objects" (
    "key" TEXT NOT NULL,
    "left_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "left_objects_pkey" PRIMARY KEY ("key")
);
