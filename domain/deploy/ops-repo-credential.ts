import type { EventRecord } from '../../contracts/event/types.ts';
import { platformCaller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { SecretBox } from '../../contracts/secret/types.ts';
import type { OpsRepo, PrismaClient, Secret } from '../../prisma/generated/client.ts';
import { auditReads } from '../secret/resolve-secrets.ts';
import type { Db } from '../shared/db.ts';
import { inTransaction } from '../shared/tx.ts';

/**
 * The global secret that an ops repository may be read with.
 * @throws DomainError `secret_unavailable` when there is none, or it is meant for something else
 */
export async function findCredential(db: Db, name: string): Promise<Secret> {
  const secret = await db.secret.findFirst({ where: { name, projectId: null } });
  const reason =
    secret === null
      ? `there is no global secret ${name}`
      : secret.scope !== 'all' && secret.scope !== 'deploy'
        ? `secret ${name} has scope ${secret.scope}: expected deploy or all`
        : secret.environment !== null
          ? `secret ${name} is meant for ${secret.environment} only`
          : null;
  if (secret === null || reason !== null) {
    throw new DomainError('secret_unavailable', `The credential cannot be used: ${reason ?? ''}.`);
  }
  return secret;
}

/**
 * `user:token` for git; a secret without a colon is a token, which goes with any name. Like a lease, the reading of each
 * version is in the audit log once for each ops repository, before the value is handed out: not once for each poll.
 * @throws DomainError `secret_unavailable`, `sealed`
 */
export async function readCredential(
  db: PrismaClient,
  box: SecretBox,
  opsRepo: Pick<OpsRepo, 'id' | 'credentialSecret'>,
): Promise<string | null> {
  const { id, credentialSecret } = opsRepo;
  if (credentialSecret === null) return null;
  const secret = await findCredential(db, credentialSecret);
  const value = box.open(secret.encryptedValue, secret.keyId, secret).trim();
  // A line break would end the header that it is sent in.
  if (/[\p{Cc}\s]/u.test(value)) {
    throw new DomainError(
      'secret_unavailable',
      `The credential cannot be used: secret ${secret.name} holds blanks or line breaks, expected user:token or a token.`,
    );
  }
  await inTransaction(db, async (tx) => {
    const { count } = await tx.opsRepo.updateMany({
      where: {
        id,
        credentialSecret,
        OR: [{ credentialVersion: null }, { credentialVersion: { not: secret.version } }],
      },
      data: { credentialVersion: secret.version },
    });
    if (count === 0) return;
    await auditReads(tx, [secret], {
      projectId: null,
      consumer: 'deploy',
      usedBy: { kind: 'ops_repo', id },
      caller: platformCaller,
    });
  });
  return value.includes(':') ? value : `git:${value}`;
}

/** A credential that somebody has just set is tried at once. */
export async function retryWithCredential(
  db: Db,
  { projectId, payload }: Pick<EventRecord, 'projectId' | 'payload'>,
): Promise<void> {
  const { name } = payload;
  if (projectId !== null || typeof name !== 'string') return;
  await db.opsRepo.updateMany({ where: { credentialSecret: name }, data: { fetchAt: null } });
}
