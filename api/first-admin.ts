import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bootstrapAdmin } from '../domain/identity/bootstrap-admin.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';

async function writePrivately(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, `${text}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/**
 * Makes the first admin where there are no users, and leaves the one-time password and a ready token in `home`,
 * readable by the owner of the process only.
 * @returns true when it was made now
 */
export async function writeFirstAdmin(db: PrismaClient, home: string): Promise<boolean> {
  // Before the user exists: a folder that cannot be written must not cost the only password.
  await mkdir(home, { recursive: true, mode: 0o700 });
  const admin = await bootstrapAdmin(db);
  if (!admin) return false;
  await writePrivately(path.join(home, 'admin-token'), admin.token);
  await writePrivately(path.join(home, 'admin-password'), admin.password);
  return true;
}
