import { zeroSha } from '../../contracts/git/ref-name.ts';
import type { EventRecord, GitPushedPayload, RefUpdate } from '../../contracts/event/types.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { Issue, Prisma, PrismaClient, Project } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { parsePosition } from '../event/event-record.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { inTransaction } from '../shared/tx.ts';
import { closeIssuesIn } from './change-issue-status.ts';
import { closingReferences } from './closing-references.ts';

/** The newest commits of a push that are read for what they close. */
const maxRead = 100;

type Git = Pick<GitStore, 'resolveCommit' | 'commitsBetween'>;

/** Issues that the commits name which an update brought. None for a branch that is new: its history is no news. */
async function closedByUpdate(
  git: Git,
  repoPath: string,
  { oldSha, newSha }: RefUpdate,
): Promise<number[]> {
  if (oldSha === zeroSha || newSha === zeroSha) return [];
  for (const sha of [oldSha, newSha]) {
    // What was pushed over long ago may be collected by now.
    if ((await git.resolveCommit(repoPath, sha)) === null) return [];
  }
  const commits = await git.commitsBetween(repoPath, { from: oldSha, to: newSha, limit: maxRead });
  return closingReferences(commits.map(({ subject, body }) => `${subject}\n${body}`).join('\n'));
}

/** Those that nobody closed or reopened after the push: a push that is looked at late, or twice, has no say over them. */
async function untouchedSince(
  tx: Prisma.TransactionClient,
  issues: readonly Issue[],
  event: EventRecord,
): Promise<Issue[]> {
  const { xid, seq } = parsePosition(event.position);
  const ids = issues.map((issue) => issue.id);
  // The bound of time is for the index; long transactions write events that are older than their place.
  const touched = await tx.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT subject_id AS id FROM events
     WHERE project_id = ${event.projectId} AND created_at > ${event.createdAt}::timestamptz - interval '1 hour'
       AND type = 'issue.status_changed' AND subject_id = ANY(${ids}) AND (xid, seq) > (${xid}, ${seq})`;
  const skipped = new Set(touched.map(({ id }) => id));
  return issues.filter((issue) => !skipped.has(issue.id));
}

/**
 * Closes what the commits say they close that a push brought to the default branch, in the name of whoever pushed. A
 * merge has done so already for its own push. May be called again for the same push.
 */
export async function closeIssuesOfPush(
  { db, git }: { db: PrismaClient; git: Git },
  caller: Caller,
  project: Project,
  event: EventRecord,
): Promise<void> {
  const { updates, pushId } = event.payload as unknown as GitPushedPayload;
  const update = updates.find(({ ref }) => ref === `refs/heads/${project.defaultBranch}`);
  if (update === undefined) return;
  const numbers = await closedByUpdate(git, repoPathOf(project), update);
  if (numbers.length === 0) return;
  await inTransaction(db, async (tx) => {
    const issues = await tx.issue.findMany({
      where: { projectId: project.id, number: { in: numbers }, status: 'open' },
    });
    const open = await untouchedSince(tx, issues, event);
    const still = open.map((issue) => issue.number);
    const closed = await closeIssuesIn(tx, caller, project.id, still, { push: pushId });
    for (const issue of open.filter(({ number }) => closed.includes(number))) {
      await writeAudit(tx, caller, {
        action: 'issue.closed',
        resource: 'issue',
        resourceId: issue.id,
        projectId: project.id,
        detail: { number: issue.number, pushId },
      });
    }
  });
}
