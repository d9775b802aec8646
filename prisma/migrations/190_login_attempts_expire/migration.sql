-- Tries that are over are cleared away while people sign in.
CREATE INDEX "login_attempts_expires_at_idx" ON "login_attempts"("expires_at");
-- They were counted by name alone and by single addresses; the new keys say name and network together.
DELETE FROM "login_attempts";
