import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { GitService } from '../../../contracts/git/store.ts';
import { isSignedIn } from '../../../contracts/identity/principal.ts';
import { DomainError } from '../../../contracts/problems.ts';
import {
  findProject,
  noSuchProject,
  type ProjectWithOwner,
} from '../../../domain/project/find-project.ts';
import type { AppEnv } from '../../env.ts';

/** `{owner}/{project}.git/…`, or without the suffix: it belongs to the parameter, for a path of hono has no partial ones. */
export const gitParams = z.object({ owner: z.string(), repository: z.string() });

/** Smart HTTP decides on access by itself (see findGitProject): a public project can be read by anybody. */
export const gitRoute = {
  tag: 'git',
  access: { kind: 'public', identify: true },
  raw: true,
  hidden: true,
  basicAuth: true,
} as const;

/**
 * The project that a git client speaks to. Whoever did not sign in is asked to, wherever an anonymous read is not
 * allowed, so that an absent project and a hidden one look the same.
 */
export async function findGitProject(
  c: Context<AppEnv>,
  params: z.output<typeof gitParams>,
  service: GitService,
): Promise<ProjectWithOwner & { repoPath: string }> {
  const caller = c.get('caller');
  const signedIn = isSignedIn(caller.principal);
  const signIn = new DomainError('unauthenticated', 'Sign in with a password or an API token.');
  if (service === 'git-receive-pack' && !signedIn) throw signIn;
  // What people copy from the address bar has no suffix. No project's own name ends in it.
  const name = params.repository.replace(/\.git$/u, '');
  const project = await findProject(c.get('services').db, caller, params.owner, name).catch(
    (error: unknown) => {
      const hidden = error instanceof DomainError && error.code === 'not_found';
      throw hidden && !signedIn ? signIn : error;
    },
  );
  if (project.repoPath === null) throw noSuchProject();
  return { ...project, repoPath: project.repoPath };
}
