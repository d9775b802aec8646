import { createHash } from 'node:crypto';
import { canonicalJson } from '../shared/storable-json.ts';

/** sha256 of nothing: the predecessor of the first row (migration 011). */
export const genesisHash = createHash('sha256').update('').digest('hex');

/** What a row's hash covers. The project is left out: its id is taken away when the project is deleted. */
export interface HashedAudit {
  seq: bigint;
  id: string;
  actorId: string;
  actorName: string;
  actChain: readonly string[];
  action: string;
  resource: string;
  resourceId: string | null;
  detail: unknown;
  /** as `host(inet)` prints it */
  ipAddr: string | null;
  requestId: string | null;
  createdAt: Date;
}

/** sha256, hex, over the hash before and the canonical JSON of the row. */
export function auditHash(prevHash: string, row: HashedAudit): string {
  const { seq, id, actorId, actorName, actChain, action, resource, resourceId } = row;
  const { detail, ipAddr, requestId, createdAt } = row;
  const text = canonicalJson({
    seq: seq.toString(),
    createdAt: createdAt.toISOString(),
    ...{
      id,
      actorId,
      actorName,
      actChain,
      action,
      resource,
      resourceId,
      detail,
      ipAddr,
      requestId,
    },
  });
  return createHash('sha256').update(`${prevHash}\n${text}`).digest('hex');
}
