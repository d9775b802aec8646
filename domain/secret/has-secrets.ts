import type { Db } from '../shared/db.ts';

/** True when a sealed value is stored, of any version: then a missing master key must never be replaced. */
export async function hasSecrets(db: Db): Promise<boolean> {
  return (await db.secret.findFirst({ select: { id: true } })) !== null;
}

/** Ids of the master keys that the stored secrets were sealed with; more than one, or another, means `sealed`. */
export async function sealingKeyIds(db: Db): Promise<string[]> {
  const rows = await db.secret.findMany({ distinct: ['keyId'], select: { keyId: true } });
  return rows.map((row) => row.keyId);
}
