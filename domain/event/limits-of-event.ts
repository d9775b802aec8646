import type { EventRecord } from '../../contracts/event/types.ts';
import { type CredentialLimits, readLimits } from '../identity/credential-limits.ts';
import type { Db } from '../shared/db.ts';

/**
 * Limits of the credential that caused an event, for what is done in its actor's name on account of it. They stand in no
 * record of an event: whoever may see that somebody pushed need not know how narrow their token is.
 * @returns null where nobody knows them: nobody acted, or it is an event of before they were kept
 */
export async function limitsOfEvent(
  db: Db,
  { id }: Pick<EventRecord, 'id'>,
): Promise<CredentialLimits | null> {
  const event = await db.event.findUnique({ where: { id }, select: { actorLimits: true } });
  return readLimits(event?.actorLimits, null);
}
