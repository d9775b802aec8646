import type { Gate } from '../../prisma/generated/client.ts';
import { delegationChainOf } from '../identity/delegation-chain-of.ts';
import type { Db } from '../shared/db.ts';

/** Whose work waits at a gate: whoever asked, and whoever made it or asked for it before. */
export type WorkOf = Pick<Gate, 'requestedBy' | 'originIds'>;

/**
 * Nobody decides on the work of their own agent (design section 1): not the agent, nor those it acts for, nor other agents
 * of theirs. It stays their work whoever has it run once more.
 */
export async function barredFrom(
  db: Db,
  { requestedBy, originIds }: WorkOf,
): Promise<ReadonlySet<string>> {
  const makers = [...new Set([...(requestedBy === null ? [] : [requestedBy]), ...originIds])];
  if (makers.length === 0) return new Set();
  const agents = await db.user.findMany({
    where: { id: { in: makers }, kind: 'agent' },
    select: { id: true },
  });
  if (agents.length === 0) return new Set();
  return new Set(
    (
      await delegationChainOf(
        db,
        agents.map(({ id }) => id),
      )
    ).keys(),
  );
}
