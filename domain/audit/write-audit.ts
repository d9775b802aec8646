import { isIP } from 'node:net';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import { newId } from '../shared/new-id.ts';
import { storableJson, storableText } from '../shared/storable-json.ts';
import { auditHash } from './audit-hash.ts';
import { redactDetail } from './redact-detail.ts';

export interface AuditInput {
  /** `resource.past_verb`: 'user.created', 'secret.read' */
  action: string;
  resource: string;
  resourceId?: string | null;
  projectId?: string | null;
  /** old and new values; secrets are taken out by the name of their key */
  detail?: Record<string, unknown>;
}

interface Head {
  count: bigint;
  hash: string;
  ip: string | null;
}

/**
 * Adds one row to the audit log, in the transaction of the effect it tells of: both are there or neither.
 * The end of the hash chain stays locked until that transaction ends, so call this last.
 *
 * @returns the row's id
 */
export async function writeAudit(
  tx: Prisma.TransactionClient,
  caller: Caller,
  input: AuditInput,
): Promise<string> {
  const { principal, request } = caller;
  const ip = request.ipAddr !== null && isIP(request.ipAddr) !== 0 ? request.ipAddr : null;
  const [head] = await tx.$queryRaw<Head[]>`
    SELECT count, hash, host(${ip}::inet) AS ip FROM audit_head WHERE id = 1 FOR UPDATE`;
  if (!head) throw new Error('the head of the audit log is missing');
  const row = {
    seq: head.count + 1n,
    id: newId('audit'),
    actorId: principal.userId,
    actorName: principal.userName,
    actChain: [...principal.actChain],
    action: input.action,
    resource: input.resource,
    resourceId: input.resourceId === undefined ? null : input.resourceId,
    detail: storableJson(redactDetail(input.detail ?? {})),
    ipAddr: head.ip,
    requestId: storableText(request.requestId),
    createdAt: new Date(),
  };
  const hash = auditHash(head.hash, row);
  await tx.auditEntry.create({
    data: {
      ...row,
      detail: row.detail as Prisma.InputJsonObject,
      projectId: input.projectId ?? null,
      prevHash: head.hash,
      hash,
    },
    select: { id: true },
  });
  await tx.auditHead.update({ where: { id: 1 }, data: { count: row.seq, hash } });
  return row.id;
}
