import type { EventRecord, GitPushedPayload } from '../../contracts/event/types.ts';
import type { Deployment, OpsRepo, Project } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { hostedProject } from './ops-repo-address.ts';

/** A deployment whose manifests lie in an ops repository. */
export type Follower = Deployment & { opsRepo: OpsRepo | null; project: Project };

/** Deployments that are rendered from the branch of an ops repository that a push moved. */
export async function listFollowers(
  db: Db,
  event: Pick<EventRecord, 'projectId' | 'payload'>,
): Promise<Follower[]> {
  const { updates } = event.payload as unknown as GitPushedPayload;
  const branches = updates.flatMap(({ ref }) =>
    ref.startsWith('refs/heads/') ? [ref.slice('refs/heads/'.length)] : [],
  );
  if (event.projectId === null || branches.length === 0) return [];
  const opsRepos = await db.opsRepo.findMany({ where: { branch: { in: branches } } });
  if (opsRepos.length === 0) return [];
  const pushed = await db.project.findUnique({
    where: { id: event.projectId },
    include: { owner: { select: { name: true } } },
  });
  const followed = opsRepos.filter(({ repoUrl }) => {
    const place = hostedProject(repoUrl);
    return place !== null && place.owner === pushed?.owner.name && place.name === pushed.name;
  });
  return await listFollowersOf(
    db,
    followed.map(({ id }) => id),
  );
}

/** Deployments that are rendered from one of these ops repositories. */
export async function listFollowersOf(db: Db, opsRepoIds: readonly string[]): Promise<Follower[]> {
  return await db.deployment.findMany({
    where: { opsRepoId: { in: [...opsRepoIds] } },
    include: { opsRepo: true, project: true },
  });
}
