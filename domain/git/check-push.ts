import { pushedRefProblem, zeroSha } from '../../contracts/git/ref-name.ts';
import type { PushProposal } from '../../contracts/git/store.ts';
import type { RefUpdate } from '../../contracts/event/types.ts';
import { visibleLine } from '../../contracts/shared/plain-text.ts';
import type { Caller, Principal } from '../../contracts/identity/principal.ts';
import type { ProtectedBranch } from '../../prisma/generated/client.ts';
import { can } from '../identity/check-access.ts';
import type { Db } from '../shared/db.ts';
import { branchRefusal } from './branch-rules.ts';
import { submoduleFileProblem } from './submodule-file.ts';

type Objects = Pick<PushProposal, 'isAncestor' | 'readBlob'>;

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

async function permissionRefusal(
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

async function treeRefusal(update: RefUpdate, objects: Objects): Promise<string | null> {
  if (update.newSha === zeroSha || !update.ref.startsWith('refs/heads/')) return null;
  const text = await objects.readBlob(update.newSha, '.gitmodules', 1024 * 1024);
  const problem = text === null ? null : submoduleFileProblem(text);
  return problem === null ? null : `${shown(update.ref)}: .gitmodules ${problem}.`;
}

interface CheckedProject {
  id: string;
  defaultBranch: string;
  protectedBranches: ProtectedBranch[];
}

async function updateRefusal(
  caller: Caller,
  project: CheckedProject,
  update: RefUpdate,
  objects: Objects,
): Promise<string | null> {
  const problem = pushedRefProblem(update.ref);
  if (problem !== null) return `The ref ${shown(update.ref)} ${problem}.`;
  const refusal = await branchRefusal(project.protectedBranches, {
    update,
    userId: caller.principal.userId,
    defaultBranch: project.defaultBranch,
    isFastForward: () => objects.isAncestor(update.oldSha, update.newSha),
  });
  return refusal ?? treeRefusal(update, objects);
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
  push: Objects & { updates: readonly RefUpdate[] },
): Promise<string[]> {
  const project = await db.project.findUnique({
    where: { id: projectId },
    include: { protectedBranches: true },
  });
  if (project === null) return ['There is no such project any more.'];
  if (!project.isActive) return ['The project is not active: nothing can be pushed to it.'];
  const refusal = await permissionRefusal(db, caller, projectId);
  if (refusal !== null) return [refusal];
  const lines: string[] = [];
  for (const update of push.updates) {
    const line = await updateRefusal(caller, project, update, push);
    if (line !== null) lines.push(line);
    if (lines.length > maxLines) return [...lines.slice(0, maxLines), 'There is more of this.'];
  }
  return lines;
}
