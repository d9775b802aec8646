import { DomainError } from '../../contracts/problems.ts';
import type { SecretBox } from '../../contracts/secret/types.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { readLimits, unlimited } from '../identity/credential-limits.ts';
import type { HeadGit } from '../secret/contributors-of-head.ts';
import { judgeHead } from '../secret/judge-head.ts';
import { resolveSecrets } from '../secret/resolve-secrets.ts';
import type { RunAtWork } from './read-run.ts';
import { mergeRequestOfRun } from './run-key.ts';

type RunWithSecrets = Pick<
  RunAtWork,
  | 'id'
  | 'projectId'
  | 'trigger'
  | 'gitRef'
  | 'commitSha'
  | 'triggeredBy'
  | 'triggeredLimits'
  | 'dedupeKey'
>;

/** How somebody gets such a run its secrets after all. */
const remedy =
  'Whoever holds project:delegate may give them secret:read or protect the branch with required approvals; whoever holds secret:read may push the commit as a branch of their own';

/**
 * Values of secrets for a step of a run, by name: only when the head of the run may have them (judge-head.ts).
 * @throws DomainError `secret_unavailable` naming the secrets, the requester or contributor who may not, and what can be
 * done; `sealed`
 */
export async function secretsOfRun(
  db: PrismaClient,
  git: HeadGit,
  box: SecretBox,
  { run, step, names }: { run: RunWithSecrets; step: string; names: readonly string[] },
): Promise<Map<string, string>> {
  if (names.length === 0) return new Map();
  const of = mergeRequestOfRun(run);
  const mergeRequest =
    of === null ? null : await db.mergeRequest.findUnique({ where: { id: of.id } });
  const { why, isProtected } = await judgeHead(db, git, {
    projectId: run.projectId,
    ref: run.gitRef,
    commitSha: run.commitSha,
    askedBy: [
      // Of a run of before nobody knows the credential; the pushes behind its head were judged by theirs.
      { id: run.triggeredBy, limits: readLimits(run.triggeredLimits, unlimited) },
      { id: mergeRequest?.authorId ?? null, limits: unlimited },
    ],
    openedAt: mergeRequest?.createdAt ?? null,
    isLasting: false,
  });
  if (why !== null) {
    const which = `${names.length === 1 ? 'secret' : 'secrets'} ${names.join(', ')}`;
    throw new DomainError(
      'secret_unavailable',
      `${which}: this run gets no secrets, ${why}. ${remedy}.`,
    );
  }
  return await resolveSecrets(db, box, {
    projectId: run.projectId,
    names,
    consumer: 'pipeline',
    isProtected,
    usedBy: { kind: 'pipeline', id: run.id, step },
  });
}
