import type { GitStore } from '../../contracts/git/store.ts';
import type { PrismaClient, Project } from '../../prisma/generated/client.ts';
import { repoPathOf } from '../git/read-repository.ts';

/**
 * Names below which the head of a merge request can be fetched, as clients of other forges know them. They can be read by
 * whoever reads the repository, and moved by nobody but the platform; the head is kept as long as the project is.
 */
export function headRefs(number: number): string[] {
  return [`refs/merge-requests/${String(number)}/head`, `refs/pull/${String(number)}/head`];
}

type Git = Pick<GitStore, 'setReservedRefs'>;

/** Rows that are held at once. */
const batchSize = 500;

/**
 * Brings the refs of merge requests to the heads that their rows have now. The rows are held meanwhile, so that of two
 * calls at once the one that knows less is not the last. A head that is not there (any more) is left out.
 */
export async function showHeads(
  db: PrismaClient,
  git: Git,
  project: Project,
  ids: readonly string[],
): Promise<void> {
  const repoPath = repoPathOf(project);
  for (let at = 0; at < ids.length; at += batchSize) {
    const batch = ids.slice(at, at + batchSize);
    await db.$transaction(
      async (tx) => {
        const rows = await tx.$queryRaw<{ number: number; headSha: string }[]>`
          SELECT number, head_sha AS "headSha" FROM merge_requests
           WHERE project_id = ${project.id} AND id = ANY(${batch}) ORDER BY id FOR UPDATE`;
        const refs = rows.flatMap(({ number, headSha: sha }) =>
          headRefs(number).map((ref) => ({ ref, sha })),
        );
        await git.setReservedRefs(repoPath, refs);
      },
      { maxWait: 30_000, timeout: 60_000 },
    );
  }
}

/**
 * The same for those of a project whose refs are missing or elsewhere: of before there were such refs, and where a process
 * ended between a row and its refs.
 */
export async function repairHeads(
  db: PrismaClient,
  git: Git & Pick<GitStore, 'listRefs'>,
  project: Project,
): Promise<void> {
  const rows = await db.mergeRequest.findMany({
    where: { projectId: project.id },
    select: { id: true, number: true, headSha: true },
    orderBy: { id: 'asc' },
  });
  if (rows.length === 0) return;
  const refs = await git.listRefs(repoPathOf(project));
  const shas = new Map(refs.map(({ ref, sha }) => [ref, sha]));
  const stale = rows.filter(({ number, headSha }) =>
    headRefs(number).some((ref) => shas.get(ref) !== headSha),
  );
  const ids = stale.map(({ id }) => id);
  await showHeads(db, git, project, ids);
}
