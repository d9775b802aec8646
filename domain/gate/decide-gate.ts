import type { Gate, GateDecision, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import type { GateDecisionKind } from '../../contracts/gate/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import { claimedBy, requireAll } from '../identity/check-access.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { delegationChainOf } from '../identity/delegation-chain-of.ts';
import { claimedFor, countedVoices } from './counted-voices.ts';
import { subjectOf } from './gate-subject.ts';
import { neededToDecide } from './may-decide.ts';
import { barredFrom } from './own-agents-work.ts';
import { isPast, lockGate, settleGateIn } from './settle-gate.ts';

/**
 * Records what a person says at a gate. The voice that decides closes it, in the same transaction; the waiting workflow is
 * woken through the outbox and reads how it ended. A repeated identical decision is taken as the first one, or
 * renews it where that counts no more; another one of the same person is refused.
 * @param also written together with the decision
 * @throws DomainError `not_found`, `forbidden` (no permission, or it is the work of the caller's own agent), `illegal_transition` (closed or expired),
 * `conflict` (somebody who acts for the same person has decided), `validation_failed` (a rollout cannot be skipped)
 */
export async function decideGate(
  db: PrismaClient,
  caller: Caller,
  input: { gateId: string; decision: GateDecisionKind; reason: string | null },
  also?: (tx: Prisma.TransactionClient) => Promise<void>,
): Promise<Gate> {
  const gate = await db.gate.findUnique({ where: { id: input.gateId } });
  if (gate === null) throw new DomainError('not_found', 'There is no such gate.');
  await requireAll(db, caller, neededToDecide(gate), gate.projectId);
  const claimedPermissions = claimedFor(gate, await claimedBy(db, caller.principal));
  refuseSkippedRollout(gate, input.decision);
  return await inTransaction(db, async (tx) => {
    const current = await lockGate(tx, gate.id);
    if (current === null) throw new DomainError('not_found', 'There is no such gate.');
    refuseClosed(current);
    const { userId, actChain } = caller.principal;
    const chain = await delegationChainOf(tx, [userId, ...actChain]);
    refuseOwnAgentsWork(await barredFrom(tx, current), [userId, ...actChain]);
    await also?.(tx);
    const earlier = current.decisions.find((one) => one.deciderId === userId);
    if (earlier !== undefined && earlier.decision !== input.decision)
      throw new DomainError('conflict', `You have decided already: ${earlier.decision}.`);
    const counted = await countedVoices(tx, current);
    if (counted.some(({ deciderId }) => deciderId === userId)) {
      const status = await settleGateIn(tx, current);
      // Others may decide there again: what waits is woken as by a first decision.
      if (status !== 'open') await announce(tx, caller, current, input);
      return { ...current, status };
    }
    if (input.decision !== 'reject') await refuseSecondVoice(tx, chain, counted);
    const said = { decision: input.decision, reason: input.reason, claimedPermissions };
    const made = await tx.gateDecision.upsert({
      where: { gateId_deciderId: { gateId: gate.id, deciderId: userId } },
      create: { id: newId('decision'), gateId: gate.id, deciderId: userId, ...said },
      update: said,
    });
    await announce(tx, caller, current, input);
    const others = current.decisions.filter((one) => one !== earlier);
    const status = await settleGateIn(tx, { ...current, decisions: [...others, made] });
    await record(tx, caller, current, input);
    return { ...current, status };
  });
}

type DelegationChain = Awaited<ReturnType<typeof delegationChainOf>>;

/** What waits there is the rollout itself: letting it through unapproved is no third answer. Pruning can be left out. */
function refuseSkippedRollout(gate: Gate, decision: GateDecisionKind): void {
  if (decision !== 'skip' || gate.subjectType !== 'deployment' || gate.step !== 'sync') return;
  throw new DomainError('validation_failed', 'A rollout is approved or rejected, not skipped.', {
    errors: [{ pointer: '#/decision', detail: 'expected approve or reject' }],
  });
}

/** A gate ends with the voice that decides: whoever comes later is told, and so is whoever comes after its time. */
function refuseClosed(gate: Gate): void {
  if (gate.status !== 'open')
    throw new DomainError('illegal_transition', `The gate is closed: ${gate.status}.`);
  if (isPast(gate)) throw new DomainError('illegal_transition', 'The gate is closed: expired.');
}

function refuseOwnAgentsWork(barred: ReadonlySet<string>, callers: readonly string[]): void {
  if (!callers.some((id) => barred.has(id))) return;
  throw new DomainError(
    'forbidden',
    'This is the work of your own agent: somebody else must decide.',
  );
}

/** A person and the agents that act for them have one voice. A rejection needs no second one, so it is never refused. */
async function refuseSecondVoice(
  tx: Prisma.TransactionClient,
  chain: DelegationChain,
  decisions: readonly GateDecision[],
): Promise<void> {
  const first = decisions.find((one) => one.decision !== 'reject' && chain.has(one.deciderId));
  if (first === undefined) return;
  const decider = await tx.user.findUnique({ where: { id: first.deciderId } });
  throw new DomainError(
    'conflict',
    `${decider?.name ?? 'Somebody'} has decided for the same person already: ${first.decision}. A person and their agents have one voice.`,
  );
}

async function announce(
  tx: Prisma.TransactionClient,
  caller: Caller,
  gate: Gate,
  input: { decision: GateDecisionKind; reason: string | null },
): Promise<void> {
  await publishEvent(tx, {
    type: 'gate.decided',
    projectId: gate.projectId,
    changeId: gate.changeId,
    actorId: caller.principal.userId,
    subjectId: gate.id,
    message: `${caller.principal.userName}: ${input.decision} ${gate.step}`,
    payload: {
      workflowId: gate.workflowId,
      ...subjectOf(gate),
      step: gate.step,
      decision: input.decision,
      reason: input.reason,
      deciderId: caller.principal.userId,
    },
    traceparent: caller.request.traceparent,
  });
}

async function record(
  tx: Prisma.TransactionClient,
  caller: Caller,
  gate: Gate,
  input: { decision: GateDecisionKind; reason: string | null },
): Promise<void> {
  await writeAudit(tx, caller, {
    action: 'gate.decided',
    resource: 'gate',
    resourceId: gate.id,
    projectId: gate.projectId,
    detail: {
      step: gate.step,
      decision: input.decision,
      reason: input.reason,
      commitSha: gate.commitSha,
      target: gate.target,
    },
  });
}
