import { type Caller, platformCaller } from '../../contracts/identity/principal.ts';
import type { LeaseOwner, SecretBox } from '../../contracts/secret/types.ts';
import type { PrismaClient, Secret } from '../../prisma/generated/client.ts';
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
  const { projectId, names, environment } = input;
  return [
    ...(await findSecrets(db, { projectId, names, consumer: 'deploy', environment })).values(),
  ];
}

/**
 * Gives an owner the newest values. Each is leased and audited before its value is handed out.
 * @throws DomainError `secret_unavailable`, `sealed`; then nothing is leased
 */
export async function leaseSecrets(
  db: PrismaClient,
  box: SecretBox,
  input: LeaseSecretsInput,
): Promise<Map<string, LeasedValue>> {
  const secrets = await newest(db, input);
  const values = new Map(
    secrets.map((secret) => {
      const value = box.open(secret.encryptedValue, secret.keyId, secret);
      return [secret.name, { value, version: secret.version }];
    }),
  );
  const { owner, projectId, usedBy } = input;
  await inTransaction(db, async (tx) => {
    await grantLeases(tx, owner, projectId, secrets);
    await auditReads(tx, secrets, { projectId, consumer: 'deploy', usedBy, caller });
  });
  return values;
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
  { owner, names }: Pick<LeaseSecretsInput, 'owner' | 'names'>,
): Promise<Map<string, number>> {
  const leases = await db.secretLease.findMany({
    where: { ownerKind: owner.kind, ownerId: owner.id, endedAt: null, name: { in: [...names] } },
  });
  return new Map(leases.map(({ name, version }) => [name, version]));
}

/**
 * The values that an owner holds already, as they were when it got them: what runs is compared with those, and newer ones
 * come with a roll-out. What it does not hold yet is leased now.
 */
export async function heldSecrets(
  db: PrismaClient,
  box: SecretBox,
  input: LeaseSecretsInput,
): Promise<Map<string, LeasedValue>> {
  const held = await heldVersions(db, input);
  const values = new Map<string, LeasedValue>();
  const missing: string[] = [];
  for (const secret of await newest(db, input)) {
    const version = held.get(secret.name);
    const sealed = version === undefined ? null : await sealedVersion(db, secret, version);
    if (version === undefined || sealed === null) missing.push(secret.name);
    else {
      const value = box.open(sealed.encryptedValue, sealed.keyId, { ...secret, version });
      values.set(secret.name, { value, version });
    }
  }
  if (missing.length === 0) return values;
  const fresh = await leaseSecrets(db, box, { ...input, names: missing });
  return new Map([...values, ...fresh]);
}

async function sealedVersion(
  db: Db,
  secret: Secret,
  version: number,
): Promise<Pick<Secret, 'encryptedValue' | 'keyId'> | null> {
  if (secret.version === version) return secret;
  return await db.secretVersion.findUnique({
    where: { secretId_version: { secretId: secret.id, version } },
  });
}
