-- When an automatic merge of an owner's projects was last taken up: owners take turns, whoever was served longest ago first.
CREATE TABLE "merge_turns" (
  "owner_id" TEXT NOT NULL PRIMARY KEY REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  "served_at" TIMESTAMPTZ(6) NOT NULL
);
