import { createSecretBox } from '../../adapters/secret-box/secret-box.ts';
import { platformCaller } from '../../contracts/identity/principal.ts';
import { newApiToken } from '../../domain/identity/api-token.ts';
import { authenticateToken } from '../../domain/identity/authenticate.ts';
import { limitsOf } from '../../domain/identity/credential-limits.ts';
import { sha256Hex } from '../../domain/identity/hash-token.ts';
import { secretsOfRun } from '../../domain/pipeline/secrets-of-run.ts';
import { setSecret } from '../../domain/secret/set-secret.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { Pipeline } from '../../prisma/generated/client.ts';
import { git, type GitServer, type TestUser } from './git-server.ts';
import { followEvents, reviewProject, type ReviewProject } from './review-steps.ts';

const box = createSecretBox({ kind: 'key', bytes: Buffer.alloc(32, 7), origin: 'configured' });

/** A run as it would be started: of a ref at its head, unless told, by somebody. */
export interface AskedRun {
  ref: string;
  by: TestUser | null;
  sha?: string;
  /** the token that it was asked for with is revoked before it is given anything */
  isRevoked?: boolean;
}

export interface SecretRuns {
  /** Sets a secret of the project. */
  secret(name: string, more?: { isProtected?: boolean }): Promise<void>;
  /** names of the secrets that a step of a run is given, or the sentence that refuses them */
  given(run: AskedRun, ...names: string[]): Promise<string[] | string>;
  /** Pushes one more commit to a branch as somebody. */
  push(who: TestUser, branch: string, from?: string): Promise<string>;
}

/** Ways to ask what runs of a project are given. */
export function secretRuns(server: GitServer, project: ReviewProject): SecretRuns {
  const projectId = project.repository.id;
  let files = 0;
  return {
    async secret(name, more = {}) {
      const input = { projectId, name, value: `value-of-${name}`, mode: 'set' as const, ...more };
      await setSecret(server.db, box, platformCaller, input);
    },
    async given({ ref, by, sha, isRevoked }, ...names) {
      const commitSha =
        sha ?? (await git(project.repository.dir, ['rev-parse', ref])).stdout.trim();
      const limits = by === null ? null : limitsOf(await authenticateToken(server.db, by.token));
      if (isRevoked === true && limits !== null) {
        await server.db.apiToken.deleteMany({ where: { id: limits.tokenId ?? '' } });
      }
      const run = {
        id: newId('pipeline'),
        projectId,
        gitRef: ref,
        commitSha,
        trigger: 'push',
        dedupeKey: null,
        triggeredBy: by?.id ?? null,
        triggeredLimits: limits,
      } as unknown as Pipeline;
      const asked = { run, step: 'build', names };
      return await secretsOfRun(server.db, server.store, box, asked).then(
        (values) => [...values.keys()],
        (error: unknown) => (error as Error).message,
      );
    },
    async push(who, branch, from = 'origin/main') {
      const { tree } = project;
      await tree.git('fetch', '--quiet', '--prune', 'origin');
      const there = await tree
        .git('rev-parse', '-q', '--verify', `origin/${branch}`)
        .catch(() => '');
      await tree.git('checkout', '-q', '-B', branch, there === '' ? from : `origin/${branch}`);
      await tree.write({ [`file-${String((files += 1))}.txt`]: `${who.name}\n` });
      const sha = await tree.commit(`work of ${who.name}`);
      const pushed = await git(tree.dir, ['push', '-q', 'origin', `HEAD:refs/heads/${branch}`], {
        token: who.token,
      });
      if (pushed.code !== 0) throw new Error(pushed.stderr);
      return sha;
    },
  };
}

/** Somebody, by a token that can do no more than these. */
export async function withToken(
  { db }: GitServer,
  user: TestUser,
  scopes: string[],
): Promise<TestUser> {
  const token = newApiToken();
  await db.apiToken.create({
    data: {
      id: newId('token'),
      userId: user.id,
      name: 'small',
      tokenHash: sha256Hex(token),
      scopes,
    },
  });
  return { ...user, token };
}

/** An agent that one permission was delegated to on a project and has no role. */
export async function agentWith(
  server: GitServer,
  name: string,
  { permission, by, projectId }: { permission: string; by: TestUser; projectId: string },
): Promise<TestUser> {
  const agent = await server.user(name);
  await server.db.user.update({ where: { id: agent.id }, data: { kind: 'agent' } });
  await handPermission(server, agent, { permission, by, projectId });
  return agent;
}

export async function handPermission(
  { db }: GitServer,
  to: TestUser,
  { permission, by, projectId }: { permission: string; by: TestUser; projectId: string },
): Promise<void> {
  const { id: permissionId } = await db.permission.findFirstOrThrow({
    where: { name: permission },
  });
  await db.delegation.create({
    data: {
      id: newId('delegation'),
      delegatorId: by.id,
      delegateId: to.id,
      permissionId,
      projectId,
    },
  });
}

/** A project of somebody who answers for secrets, and what they may do with less than their whole person. */
export interface LimitedProject {
  p: ReviewProject;
  runs: SecretRuns;
  /** the same person, by a token with which they may push and merge, and neither use secrets nor deploy */
  small: TestUser;
}

/** Makes a project with a pipeline of one step and the secret KEY; what it began with has been followed. */
export async function limitedProject(
  server: GitServer,
  owner: TestUser,
  name: string,
): Promise<LimitedProject> {
  const steps = 'steps: [{ name: a, commands: [x] }]\n';
  const p = await reviewProject(server, owner, name, { '.platform.yaml': steps });
  const small = await withToken(server, owner, ['project:write']);
  const runs = secretRuns(server, p);
  await runs.secret('KEY');
  await followEvents(server);
  return { p, runs, small };
}
