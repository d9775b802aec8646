import { DomainError } from '../../contracts/problems.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { SecretBox, SecretMetadata, SecretScope } from '../../contracts/secret/types.ts';
import { Prisma, type PrismaClient, type Secret } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import { requirePermission } from '../identity/check-access.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { checkSecret, metadataColumns, toMetadata } from './secret-metadata.ts';

export interface SecretInput {
  /** null = global */
  projectId: string | null;
  name: string;
  value: string;
  /** unset: as it is, `pipeline` for a new one */
  scope?: SecretScope | undefined;
  environment?: string | null | undefined;
  /** only for runs of protected branches; unset: as it is, false for a new one */
  isProtected?: boolean | undefined;
  /** `create` refuses a name that is taken */
  mode: 'create' | 'set';
}

/**
 * Sets a secret: a new name starts at version 1, a known one gets the next version, and the earlier is kept.
 *
 * @throws DomainError `sealed` without the key that the stored secrets were sealed with; then nothing is written.
 * `already_exists` when `mode` is `create` and the name is taken.
 */
export async function setSecret(
  db: PrismaClient,
  box: SecretBox,
  caller: Caller,
  input: SecretInput,
): Promise<{ secret: SecretMetadata; isNew: boolean }> {
  await requirePermission(db, caller, 'secret:write', input.projectId);
  checkSecret(input.name, input.value);
  try {
    return await inTransaction(db, async (tx) => await storeSecret(tx, box, caller, input));
  } catch (error) {
    // somebody else made the same name between our look and our insert
    if (!(error instanceof Prisma.PrismaClientKnownRequestError) || error.code !== 'P2002')
      throw error;
    if (input.mode === 'create') throw nameTaken(input.name);
    return await inTransaction(db, async (tx) => await storeSecret(tx, box, caller, input));
  }
}

function nameTaken(name: string): DomainError {
  return new DomainError('already_exists', `There is a secret ${name} already.`);
}

async function storeSecret(
  tx: Prisma.TransactionClient,
  box: SecretBox,
  caller: Caller,
  input: SecretInput,
): Promise<{ secret: SecretMetadata; isNew: boolean }> {
  await refuseForeignKey(tx, box);
  const known = await lockSecret(tx, input);
  if (known !== null && input.mode === 'create') throw nameTaken(input.name);
  const row =
    known === null
      ? await insertSecret(tx, box, caller, input)
      : await nextVersion(tx, box, caller, input, known);
  const isNew = known === null;
  const secret = toMetadata(row);
  const what = input.projectId === null ? 'global secret' : 'secret';
  await writeAudit(tx, caller, {
    action: isNew ? 'secret.created' : 'secret.updated',
    resource: 'secret',
    resourceId: secret.id,
    projectId: input.projectId,
    detail: {
      name: secret.name,
      scope: secret.scope,
      isProtected: secret.isProtected,
      version: secret.version,
    },
  });
  await publishEvent(tx, {
    type: 'secret.changed',
    projectId: input.projectId,
    actorId: caller.principal.userId,
    subjectId: secret.id,
    message: `${what} ${secret.name} is at version ${String(secret.version)}`,
    payload: { name: secret.name, scope: secret.scope, version: secret.version },
  });
  return { secret, isNew };
}

/** Two keys in one table would leave part of it sealed for ever; so the first foreign row stops every write. */
async function refuseForeignKey(tx: Prisma.TransactionClient, box: SecretBox): Promise<void> {
  const foreign = await tx.secret.findFirst({
    where: box.keyId === null ? {} : { keyId: { not: box.keyId } },
    select: { id: true },
  });
  if (box.keyId !== null && foreign === null) return;
  throw new DomainError(
    'sealed',
    'Secrets are sealed: the master key is missing or is not the one they were sealed with.',
    {
      retryAfterSeconds: 60,
    },
  );
}

async function lockSecret(
  tx: Prisma.TransactionClient,
  { projectId, name }: SecretInput,
): Promise<Secret | null> {
  await tx.$queryRaw`
    SELECT id FROM secrets WHERE project_id IS NOT DISTINCT FROM ${projectId} AND name = ${name} FOR UPDATE`;
  return await tx.secret.findFirst({ where: { projectId, name } });
}

async function insertSecret(
  tx: Prisma.TransactionClient,
  box: SecretBox,
  caller: Caller,
  { projectId, name, value, scope, environment, isProtected }: SecretInput,
): Promise<Prisma.SecretGetPayload<{ select: typeof metadataColumns }>> {
  const { sealed, keyId } = box.seal(value, { projectId, name, version: 1 });
  const { userId } = caller.principal;
  return await tx.secret.create({
    data: {
      id: newId('secret'),
      projectId,
      name,
      encryptedValue: sealed,
      keyId,
      scope: scope ?? 'pipeline',
      environment: environment ?? null,
      isProtected: isProtected ?? false,
      createdBy: userId,
      updatedBy: userId,
    },
    select: metadataColumns,
  });
}

async function nextVersion(
  tx: Prisma.TransactionClient,
  box: SecretBox,
  caller: Caller,
  { projectId, name, value, scope, environment, isProtected }: SecretInput,
  known: Secret,
): Promise<Prisma.SecretGetPayload<{ select: typeof metadataColumns }>> {
  await tx.secretVersion.create({
    data: {
      secretId: known.id,
      version: known.version,
      encryptedValue: known.encryptedValue,
      keyId: known.keyId,
      createdBy: known.updatedBy,
      createdAt: known.updatedAt,
    },
  });
  const version = known.version + 1;
  const { sealed, keyId } = box.seal(value, { projectId, name, version });
  return await tx.secret.update({
    where: { id: known.id },
    data: {
      encryptedValue: sealed,
      keyId,
      version,
      updatedBy: caller.principal.userId,
      updatedAt: new Date(),
      ...(scope === undefined ? {} : { scope }),
      ...(environment === undefined ? {} : { environment }),
      ...(isProtected === undefined ? {} : { isProtected }),
    },
    select: metadataColumns,
  });
}
