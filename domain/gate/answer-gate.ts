import type { GateDecisionKind } from '../../contracts/gate/types.ts';
import {
  type Caller,
  noCredential,
  type RequestContext,
} from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { SecretBox } from '../../contracts/secret/types.ts';
import { Prisma, type PrismaClient } from '../../prisma/generated/client.ts';
import { requireAll } from '../identity/check-access.ts';
import { sha256Hex } from '../identity/hash-token.ts';
import type { Db } from '../shared/db.ts';
import { readAnswerToken } from './answer-link.ts';
import { decideGate } from './decide-gate.ts';
import { type DescribedGate, describeGate } from './describe-gates.ts';
import { neededToDecide } from './may-decide.ts';

export interface LinkedAnswer {
  gateId: string;
  /** as it stood in the link */
  token: string;
}

/** Whoever got the mail, as a caller with just what they hold at this moment. */
async function callerOf(db: Db, userId: string, request: RequestContext): Promise<Caller> {
  const user = await db.user.findUnique({ where: { id: userId } });
  if (user?.isActive !== true)
    throw new DomainError('invalid_credentials', 'The account of this link is not active.');
  return {
    principal: {
      userId,
      userName: user.name,
      kind: user.kind === 'agent' ? 'agent' : 'human',
      via: 'link',
      ...noCredential,
    },
    request,
  };
}

const used = () => new DomainError('illegal_transition', 'This link was used already.');

/**
 * What a link asks, for its page; changes nothing.
 * @throws DomainError `invalid_credentials` for a link that is not ours or has expired, `illegal_transition` for one that
 * was used or a gate that is closed, `forbidden` and `not_found` when its user may not decide any more
 */
export async function readLinkedGate(
  db: PrismaClient,
  box: SecretBox,
  { gateId, token }: LinkedAnswer,
  request: RequestContext,
): Promise<{ gate: DescribedGate; userName: string }> {
  const { userId } = readAnswerToken(box, gateId, token);
  const caller = await callerOf(db, userId, request);
  const row = await db.gate.findUnique({ where: { id: gateId } });
  if (row === null) throw new DomainError('not_found', 'There is no such gate.');
  await requireAll(db, caller, neededToDecide(row), row.projectId);
  if ((await db.gateLinkUse.count({ where: { tokenHash: sha256Hex(token) } })) > 0) throw used();
  if (row.status !== 'open')
    throw new DomainError('illegal_transition', `The gate is closed: ${row.status}.`);
  return { gate: await describeGate(db, gateId), userName: caller.principal.userName };
}

/** Decides a gate by a link from a mail, once: the link's use and the decision are written together. Throws like above. */
export async function answerGate(
  db: PrismaClient,
  box: SecretBox,
  answer: LinkedAnswer & { decision: GateDecisionKind; reason: string | null },
  request: RequestContext,
): Promise<void> {
  const { gateId, token, decision, reason } = answer;
  const { userId } = readAnswerToken(box, gateId, token);
  const caller = await callerOf(db, userId, request);
  const tokenHash = sha256Hex(token);
  if ((await db.gateLinkUse.count({ where: { tokenHash } })) > 0) throw used();
  try {
    await decideGate(db, caller, { gateId, decision, reason }, async (tx) => {
      await tx.gateLinkUse.create({ data: { tokenHash, gateId, userId } });
    });
  } catch (error) {
    // The same link, answered twice at the same moment.
    if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002')
      throw used();
    throw error;
  }
}
