import type { Context, MiddlewareHandler } from 'hono';
import type { Permission } from '../../contracts/identity/permissions.ts';
import { isSignedIn } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import { hasRole, requireAll, requireAny } from '../../domain/identity/check-access.ts';
import { requireAccount } from '../../domain/identity/require-account.ts';
import { findProject } from '../../domain/project/find-project.ts';
import type { Access, FindProjectId } from '../access.ts';
import type { AppEnv } from '../env.ts';

function requireSignedIn(c: Context<AppEnv>): void {
  if (!isSignedIn(c.get('caller').principal)) {
    throw new DomainError(
      'unauthenticated',
      'Sign in, or send Authorization: Bearer with a token.',
    );
  }
}

/** Finds the project of the path. To whoever did not sign in, a project they may not see is a reason to sign in. */
async function projectOfPath(c: Context<AppEnv>): Promise<string> {
  const { db } = c.get('services');
  const caller = c.get('caller');
  const owner = c.req.param('owner') ?? '';
  const name = c.req.param('project') ?? '';
  try {
    const project = await findProject(db, caller, owner, name);
    c.set('project', project);
    return project.id;
  } catch (error) {
    if (error instanceof DomainError && error.code === 'not_found') requireSignedIn(c);
    throw error;
  }
}

async function projectIdOf(
  c: Context<AppEnv>,
  project: 'path' | 'global' | FindProjectId,
): Promise<string | null> {
  if (project === 'global') return null;
  if (project === 'path') return projectOfPath(c);
  return project(c);
}

async function checkPermissions(
  c: Context<AppEnv>,
  permissions: readonly Permission[],
  project: 'path' | 'global' | FindProjectId,
  mode: 'any' | 'all',
): Promise<void> {
  // A question about a thing that only its finder knows is not answered to whoever did not sign in.
  if (project !== 'path') requireSignedIn(c);
  const projectId = await projectIdOf(c, project);
  const { db } = c.get('services');
  const check = mode === 'any' ? requireAny : requireAll;
  await check(db, c.get('caller'), permissions, projectId);
}

/** Holds a route to what it declared, before its body is validated. */
export function requireAccess(access: Access): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (access.kind === 'authenticated') requireSignedIn(c);
    else if (access.kind === 'account') {
      requireSignedIn(c);
      requireAccount(c.get('caller'));
    } else if (access.kind === 'permission') {
      await checkPermissions(c, [access.permission], access.project, 'all');
    } else if (access.kind === 'any' || access.kind === 'all') {
      await checkPermissions(c, access.permissions, access.project, access.kind);
    } else if (access.kind === 'role') {
      requireSignedIn(c);
      const { db } = c.get('services');
      if (!(await hasRole(db, c.get('caller').principal, access.role))) {
        throw new DomainError('forbidden', `It needs the role ${access.role}.`);
      }
    }
    await next();
  };
}
