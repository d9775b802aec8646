import type { MirrorStore } from '../../contracts/git/mirror.ts';
import type { Db } from '../shared/db.ts';
import { beginsWith } from '../shared/text-match.ts';
import { hostedProject } from './ops-repo-address.ts';

/**
 * Before there were foreign ones, an ops repository of this platform could be stored with an address in front. Those with
 * our own are what they were; any other leads elsewhere, as it says.
 */
export async function adoptOwnAddresses(db: Db, publicUrl: string): Promise<void> {
  const { origin } = new URL(publicUrl);
  const rows = await db.opsRepo.findMany({ where: { repoUrl: beginsWith(`${origin}/`) } });
  for (const { id, repoUrl } of rows) {
    const path = repoUrl.slice(origin.length);
    if (hostedProject(path) === null) continue;
    await db.opsRepo.updateMany({ where: { id, repoUrl }, data: { repoUrl: path } });
  }
}

/** Removes mirrors whose ops repository is gone. @returns how many */
export async function sweepMirrors(
  db: Db,
  mirrors: Pick<MirrorStore, 'list' | 'remove'>,
): Promise<number> {
  // In this order: the row of a mirror is there before it.
  const ids = await mirrors.list();
  if (ids.length === 0) return 0;
  const rows = await db.opsRepo.findMany({
    where: { id: { in: ids }, repoUrl: beginsWith('http') },
    select: { id: true },
  });
  const known = new Set(rows.map(({ id }) => id));
  const gone = ids.filter((id) => !known.has(id));
  for (const id of gone) await mirrors.remove(id);
  return gone.length;
}
