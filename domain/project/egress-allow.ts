import type { Caller } from '../../contracts/identity/principal.ts';
import { maxEgressRules, parseEgressRule } from '../../contracts/pipeline/egress.ts';
import { DomainError } from '../../contracts/problems.ts';
import { Prisma, type PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import { inTransaction } from '../shared/tx.ts';

/**
 * Says what steps of a project may reach; null: everything that is not closed to all steps. Access was checked by the
 * route: whoever may only push must not be able to open what is closed. Counts from the next attempt of a step on.
 * @throws DomainError `validation_failed` that names the line
 */
export async function setEgressAllow(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  allow: readonly string[] | null,
): Promise<string[] | null> {
  const lines = allow === null ? null : checkedLines(allow);
  await inTransaction(db, async (tx) => {
    const { egressAllow: before } = await tx.project.findUniqueOrThrow({
      where: { id: projectId },
      select: { egressAllow: true },
    });
    const egressAllow = lines ?? Prisma.DbNull;
    await tx.project.update({ where: { id: projectId }, data: { egressAllow } });
    await publishEvent(tx, {
      type: 'project.updated',
      projectId,
      actorId: caller.principal.userId,
      subjectId: projectId,
      message: `${caller.principal.userName} changed what steps may reach`,
      payload: { changed: ['egressAllow'] },
      traceparent: caller.request.traceparent,
    });
    await writeAudit(tx, caller, {
      action: 'project.egress_changed',
      resource: 'project',
      resourceId: projectId,
      projectId,
      detail: { before, after: lines },
    });
  });
  return lines;
}

function checkedLines(allow: readonly string[]): string[] {
  const lines = [...new Set(allow.map((line) => line.trim().toLowerCase()))];
  const errors = lines.flatMap((line, index) => {
    const rule = parseEgressRule(line);
    const detail = typeof rule === 'string' ? `"${line.slice(0, 100)}" ${rule}.` : null;
    return detail === null ? [] : [{ pointer: `#/allow/${String(index)}`, detail }];
  });
  if (lines.length > maxEgressRules) {
    const detail = `A list has at most ${String(maxEgressRules)} lines.`;
    errors.push({ pointer: '#/allow', detail });
  }
  const [first] = errors;
  if (first !== undefined) throw new DomainError('validation_failed', first.detail, { errors });
  return lines;
}
