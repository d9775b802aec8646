import { looksLikeObjectId, pushedRefProblem, zeroSha } from '../../contracts/git/ref-name.ts';
import type { PushProposal } from '../../contracts/git/store.ts';
import type { RefUpdate } from '../../contracts/event/types.ts';
import { visibleLine } from '../../contracts/shared/plain-text.ts';
import type { Caller, Principal } from '../../contracts/identity/principal.ts';
import type { ProtectedBranch } from '../../prisma/generated/client.ts';
import { can } from '../identity/check-access.ts';
import type { Db } from '../shared/db.ts';
import { branchRefusal, mayRewrite } from './branch-rules.ts';
import { submoduleFileProblem } from './submodule-file.ts';

type Objects = Pick<PushProposal, 'isAncestor' | 'forwardMoves' | 'readBlobs'>;

/** A pack can take minutes to arrive: whether the credential still holds is asked again when it has. */
async function isStillValid(db: Db, principal: Principal): Promise<boolean> {
  const user = await db.user.findUnique({
    where: { id: principal.userId },
    select: { isActive: true },
  });
  if (user !== null && !user.isActive) return false;
  if (user === null && principal.via !== 'jwt') return false;
  if (principal.via !== 'token' || principal.credentialId === null) return true;
  const token = await db.apiToken.findUnique({ where: { id: principal.credentialId } });
  return token !== null && (token.expiresAt === null || token.expiresAt > new Date());
}

/** Why somebody may move no ref of a project at this moment, whatever they might when they asked; null when they may. */
export async function permissionRefusal(
  db: Db,
  caller: Caller,
  projectId: string,
): Promise<string | null> {
  // Epoch 0 makes the permissions be read as they are now, not as they were when the request began.
  const principal = { ...caller.principal, accessEpoch: 0n };
  if (!(await isStillValid(db, principal))) return 'Your sign-in is no longer valid.';
  return (await can(db, principal, 'project:write', projectId))
    ? null
    : 'You may not push here: it needs project:write.';
}

/** A ref name for a message: what could upset a terminal is shown as an escape, and it is kept short. */
function shown(ref: string): string {
  const safe = visibleLine(ref);
  return safe.length > 80 ? `${safe.slice(0, 80)}…` : safe;
}

const maxSubmoduleBytes = 1024 * 1024;

/** What is wrong with the files of the branches, a line for each; all branches are looked at together. */
async function* treeRefusals(
  updates: readonly RefUpdate[],
  objects: Objects,
): AsyncGenerator<string> {
  const heads = updates.filter(
    ({ ref, newSha }) => newSha !== zeroSha && ref.startsWith('refs/heads/'),
  );
  const commits = heads.map(({ newSha }) => newSha);
  const files = objects.readBlobs(commits, '.gitmodules', maxSubmoduleBytes);
  for await (const { commits: having, text } of files) {
    const problem = text === null ? 'is larger than 1 MiB' : submoduleFileProblem(text);
    if (problem === null) continue;
    const holding = new Set(having);
    for (const { ref, newSha } of heads) {
      if (holding.has(newSha)) yield `${shown(ref)}: .gitmodules ${problem}.`;
    }
  }
}

interface CheckedProject {
  id: string;
  defaultBranch: string;
  protectedBranches: ProtectedBranch[];
}

/** One that is there since before this was refused can be removed. */
function namesakeProblem({ ref, newSha }: RefUpdate): string | null {
  const isId = looksLikeObjectId(ref.replace(/^refs\/[a-z]+\//u, ''));
  return isId && newSha !== zeroSha ? 'reads like the id of a commit' : null;
}

/** What is wrong with the refs by their names and the rules for branches, a line for each. */
async function* refRefusals(
  caller: Caller,
  { protectedBranches: rules, defaultBranch }: CheckedProject,
  updates: readonly RefUpdate[],
  objects: Objects,
): AsyncGenerator<string> {
  const forward = await objects.forwardMoves(updates.filter((one) => !mayRewrite(rules, one)));
  for (const update of updates) {
    const problem = pushedRefProblem(update.ref) ?? namesakeProblem(update);
    const refusal =
      problem === null
        ? await branchRefusal(rules, {
            update,
            userId: caller.principal.userId,
            defaultBranch,
            isFastForward: async () =>
              forward.has(update) || (await objects.isAncestor(update.oldSha, update.newSha)),
          })
        : `The ref ${shown(update.ref)} ${problem}.`;
    if (refusal !== null) yield refusal;
  }
}

/** What a pusher is told of refs that git refused by itself; none when there are none. */
export function reservedLines({ refs, count }: PushProposal['reserved']): string[] {
  if (count === 0) return [];
  const named = refs.map(shown).join(', ');
  const more = count > refs.length ? ` and ${String(count - refs.length)} more` : '';
  return [
    `${String(count)} ref(s) of this push cannot be pushed: ${named}${more}.`,
    'Only refs/heads/, refs/tags/ and refs/notes/ can be; all else belongs to the server.',
  ];
}

const maxLines = 20;

/**
 * Decides on a push whose objects lie in quarantine: why it is refused, in lines for the pusher; none when it is fine.
 * One bad ref refuses the whole push. Whoever calls this refuses on an error too.
 */
export async function checkPush(
  db: Db,
  caller: Caller,
  projectId: string,
  push: Objects & Pick<PushProposal, 'updates' | 'reserved' | 'isAtomic'>,
): Promise<string[]> {
  const project = await db.project.findUnique({
    where: { id: projectId },
    include: { protectedBranches: true },
  });
  if (project === null) return ['There is no such project any more.'];
  if (!project.isActive) return ['The project is not active: nothing can be pushed to it.'];
  const refusal = await permissionRefusal(db, caller, projectId);
  if (refusal !== null) return [refusal];
  if (push.updates.length === 0) return reservedLines(push.reserved);
  if (push.isAtomic && push.reserved.count > 0) {
    return [...reservedLines(push.reserved), 'An atomic push takes all of its refs or none.'];
  }
  const lines: string[] = [];
  const looks = [
    refRefusals(caller, project, push.updates, push),
    treeRefusals(push.updates, push),
  ];
  for (const look of looks) {
    for await (const line of look) {
      lines.push(line);
      if (lines.length > maxLines) return [...lines.slice(0, maxLines), 'There is more of this.'];
    }
  }
  return lines;
}
