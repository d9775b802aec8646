import { type Caller, platformCaller } from '../../contracts/identity/principal.ts';
import type { LeaseOwner, SecretBox } from '../../contracts/secret/types.ts';
import type { PrismaClient, Secret, SecretLease } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { inTransaction } from '../shared/tx.ts';
import { auditReads, findSecrets } from './resolve-secrets.ts';
import { grantLeases } from './secret-leases.ts';

export interface LeaseSecretsInput {
  owner: LeaseOwner;
  projectId: string;
  /** secrets that are meant for another one are refused */
  environment: string;
  names: readonly string[];
  /** reached by the rules of a protected branch: protected secrets are for these only */
  isProtected: boolean;
  /** what gets them, for the audit */
  usedBy: { kind: string; id: string };
}

/** A value that an owner is given, with the version that it is of. */
export interface LeasedValue {
  value: string;
  version: number;
}

const caller: Caller = platformCaller;

async function newest(db: Db, input: LeaseSecretsInput): Promise<Secret[]> {
  const { projectId, names, environment, isProtected } = input;
  const asked = { projectId, names, consumer: 'deploy', environment, isProtected } as const;
  return [...(await findSecrets(db, asked)).values()];
}

/**
 * Gives an owner values of the versions that are named; where none is, or it is kept no more, that which it holds, else
 * the newest. Each is leased and audited before its value is handed out, once for each version.
 * @throws DomainError `secret_unavailable`, `sealed`; then nothing is leased
 */
export async function leaseSecrets(
  db: PrismaClient,
  box: SecretBox,
  input: LeaseSecretsInput,
  versions: ReadonlyMap<string, number>,
): Promise<Map<string, LeasedValue>> {
  const live = await liveLeases(db, input);
  const wanted = new Map([...versionsOf(live), ...versions]);
  const given: Secret[] = [];
  for (const secret of await newest(db, input)) {
    given.push(await atVersion(db, secret, wanted.get(secret.name) ?? secret.version));
  }
  const values = new Map(
    given.map((secret) => {
      const value = box.open(secret.encryptedValue, secret.keyId, secret);
      return [secret.name, { value, version: secret.version }];
    }),
  );
  const isHeld = ({ id, version }: Secret) =>
    live.some((lease) => lease.secretId === id && lease.version === version);
  const fresh = given.filter((secret) => !isHeld(secret));
  if (fresh.length === 0) return values;
  const { owner, projectId, usedBy } = input;
  await inTransaction(db, async (tx) => {
    await grantLeases(tx, owner, projectId, fresh);
    await auditReads(tx, fresh, { projectId, consumer: 'deploy', usedBy, caller });
  });
  return values;
}

/** The secret as it was; as it is where that version is kept no more. */
async function atVersion(db: Db, secret: Secret, version: number): Promise<Secret> {
  if (secret.version === version) return secret;
  const kept = await db.secretVersion.findUnique({
    where: { secretId_version: { secretId: secret.id, version } },
  });
  if (kept === null) return secret;
  return { ...secret, version, encryptedValue: kept.encryptedValue, keyId: kept.keyId };
}

/** Versions that an owner would be given now, and whether all of them open. @throws DomainError `secret_unavailable`, `sealed` */
export async function newestVersions(
  db: Db,
  box: SecretBox,
  input: LeaseSecretsInput,
): Promise<Map<string, number>> {
  const secrets = await newest(db, input);
  for (const secret of secrets) box.open(secret.encryptedValue, secret.keyId, secret);
  return new Map(secrets.map(({ name, version }) => [name, version]));
}

/** Versions that an owner holds, of those secrets that it holds. */
export async function heldVersions(
  db: Db,
  input: Pick<LeaseSecretsInput, 'owner' | 'names'>,
): Promise<Map<string, number>> {
  return versionsOf(await liveLeases(db, input));
}

async function liveLeases(
  db: Db,
  { owner, names }: Pick<LeaseSecretsInput, 'owner' | 'names'>,
): Promise<SecretLease[]> {
  return await db.secretLease.findMany({
    where: { ownerKind: owner.kind, ownerId: owner.id, endedAt: null, name: { in: [...names] } },
  });
}

const versionsOf = (leases: readonly SecretLease[]): Map<string, number> =>
  new Map(leases.map(({ name, version }) => [name, version]));
