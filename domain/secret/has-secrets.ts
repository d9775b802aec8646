import type { Db } from '../shared/db.ts';

/** True when a sealed value is stored, of any version: then a missing master key must never be replaced. */
export async function hasSecrets(db: Db): Promise<boolean> {
  return (await db.secret.findFirst({ select: { id: true } })) !== null;
}
