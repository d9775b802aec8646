-- Merges and reverts write down who is about to move refs, as pushes do: a move whose record fails is theirs all the same, and
-- stays a merge, which the rules of its target answer for.
ALTER TABLE "push_intents" ADD COLUMN "is_merge" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "push_intents" ADD COLUMN "change_id" TEXT;
