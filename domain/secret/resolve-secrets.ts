import { DomainError } from '../../contracts/problems.ts';
import { type Caller, platformCaller } from '../../contracts/identity/principal.ts';
import type { SecretBox, SecretConsumer } from '../../contracts/secret/types.ts';
import type { Prisma, PrismaClient, Secret } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import type { Db } from '../shared/db.ts';
import { inTransaction } from '../shared/tx.ts';

export interface ResolveSecretsInput {
  projectId: string;
  names: readonly string[];
  consumer: SecretConsumer;
  /** of a deployment. A secret that is meant for an environment is refused for another one, and where there is none */
  environment?: string;
  /** reached by the rules of a protected branch: protected secrets are for these only. A webhook is of no branch */
  isProtected?: boolean;
  /** what uses them, for the audit: `pipeline`, the run's id, the step's name */
  usedBy?: { kind: string; id: string; step?: string };
  /** whoever set the consumer off; the platform itself unless told */
  caller?: Caller;
}

/**
 * Values of secrets for one consumer. A project's secret shadows the global one of the same name. Each one read is
 * audited as `secret.read`, without its value.
 *
 * @throws DomainError `secret_unavailable` naming each secret that is missing or not meant for this consumer; `sealed`
 */
export async function resolveSecrets(
  db: PrismaClient,
  box: SecretBox,
  input: ResolveSecretsInput,
): Promise<Map<string, string>> {
  const found = await findSecrets(db, input);
  if (found.size === 0) return new Map();
  const values = new Map<string, string>();
  for (const secret of found.values()) {
    values.set(secret.name, box.open(secret.encryptedValue, secret.keyId, secret));
  }
  await inTransaction(db, (tx) => auditReads(tx, [...found.values()], input));
  return values;
}

/**
 * The newest version of each secret, by name; a project's shadows the global one of the same name.
 * @throws DomainError `secret_unavailable` naming each one that is missing or not meant for this consumer
 */
export async function findSecrets(
  db: Db,
  input: Pick<
    ResolveSecretsInput,
    'projectId' | 'names' | 'consumer' | 'environment' | 'isProtected'
  >,
): Promise<Map<string, Secret>> {
  const names = [...new Set(input.names)];
  if (names.length === 0) return new Map();
  const rows = await db.secret.findMany({
    where: { name: { in: names }, OR: [{ projectId: input.projectId }, { projectId: null }] },
  });
  const found = new Map<string, Secret>();
  for (const row of rows) {
    if (row.projectId !== null || !found.has(row.name)) found.set(row.name, row);
  }
  refuseUnavailable(names, found, input);
  return found;
}

function refuseUnavailable(
  names: readonly string[],
  found: ReadonlyMap<string, Secret>,
  {
    consumer,
    environment,
    isProtected = false,
  }: Pick<ResolveSecretsInput, 'consumer' | 'environment' | 'isProtected'>,
): void {
  const reasons = names.flatMap((name) => {
    const secret = found.get(name);
    if (secret === undefined) return [`secret ${name} does not exist`];
    if (secret.scope !== 'all' && secret.scope !== consumer) {
      return [`secret ${name} has scope ${secret.scope}, so a ${consumer} may not use it`];
    }
    if (secret.isProtected && !isProtected && consumer !== 'webhook') return [whyProtected(name)];
    if (secret.environment === null || secret.environment === environment) return [];
    const here = environment ?? `a ${consumer}, which runs in no environment`;
    return [`secret ${name} is meant for ${secret.environment}, not for ${here}`];
  });
  if (reasons.length > 0) throw new DomainError('secret_unavailable', `${reasons.join('; ')}.`);
}

const whyProtected = (name: string): string =>
  `secret ${name} is protected, and this is no head that a protected branch was led to by its rules (whoever holds secret:write may take the protection off)`;

/** One row for each secret that was read, without its value. */
export async function auditReads(
  tx: Prisma.TransactionClient,
  secrets: readonly Secret[],
  input: Pick<ResolveSecretsInput, 'consumer' | 'usedBy' | 'caller'> & { projectId: string | null },
): Promise<void> {
  for (const secret of secrets) {
    await writeAudit(tx, input.caller ?? platformCaller, {
      action: 'secret.read',
      resource: 'secret',
      resourceId: secret.id,
      projectId: input.projectId,
      detail: {
        name: secret.name,
        version: secret.version,
        consumer: input.consumer,
        ...input.usedBy,
      },
    });
  }
}
