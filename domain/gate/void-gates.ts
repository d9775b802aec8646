import type { PrismaClient } from '../../prisma/generated/client.ts';
import { closeGate } from './close-gate.ts';

/** Closes the open gates of what nobody works at any more: nobody is left to hear of a decision. */
export async function voidGates(
  db: PrismaClient,
  subject: { subjectType: 'pipeline' | 'deployment'; subjectId: string },
): Promise<void> {
  const open = await db.gate.findMany({ where: { ...subject, status: 'open' } });
  for (const gate of open) await closeGate(db, { gateId: gate.id, status: 'void', decisions: [] });
}
