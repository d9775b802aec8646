import { heavyBy, runHere } from '../../domain/heavy/heavy.ts';
import {
  createRepositoryReader,
  type RepositoryReader,
} from '../../domain/pipeline/repository-reader.ts';
import { mergeRequestRunKey } from '../../domain/pipeline/run-key.ts';
import { claimDueMerges, tryDueMerge } from '../../domain/review/due-merges.ts';
import { followReviewEvent } from '../../domain/review/follow-events.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { makeWorkTree, type WorkTree } from './git-client.ts';
import { drainEvents } from './drain-events.ts';
import type { GitServer, TestRepository, TestUser } from './git-server.ts';

export interface MergeRequestBody {
  id: string;
  number: number;
  title: string;
  status: string;
  author: { id: string; name: string };
  sourceBranch: string;
  targetBranch: string;
  headSha: string;
  baseSha: string | null;
  changeId: string;
  sourceDeleted: boolean;
  mergedBy: { name: string } | null;
  mergedAt: string | null;
  mergeSha: string | null;
  mergeStyle: string | null;
  autoMerge: { style: string } | null;
}

export interface RuleBody {
  rule: string;
  state: string;
  detail: string;
  missing: string[];
}

export interface Json<T = Record<string, unknown>> {
  status: number;
  body: T;
}

/** A project with one commit on main, and the ways in which people work on it. */
export interface ReviewProject {
  repository: TestRepository;
  tree: WorkTree;
  main: string;
  /** a request to the project's API: `api(ann, 'POST', '/merge-requests', {…})` */
  api<T = Record<string, unknown>>(
    user: TestUser | null,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Json<T>>;
  /** Pushes one more commit to a branch, which begins at `from` (main) when it is new. */
  push(
    branch: string,
    files: Record<string, string>,
    message?: string,
    from?: string,
  ): Promise<string>;
  /** Opens a merge request from a branch. */
  open(branch: string, more?: object, user?: TestUser): Promise<MergeRequestBody>;
  /** where a branch is in the bare repository; null when it is gone */
  shaOf(branch: string): Promise<string | null>;
}

async function answerOf<T>(response: Response): Promise<Json<T>> {
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as T };
}

/** Makes a project with a work tree. */
export async function reviewProject(
  server: GitServer,
  owner: TestUser,
  name: string,
  files: Record<string, string> = { 'README.md': '# Hello\n' },
): Promise<ReviewProject> {
  const repository = await server.project(owner, name);
  const tree = await makeWorkTree(repository.url, owner.token);
  await tree.write(files);
  const main = await tree.commit('first');
  await tree.git('push', '--quiet', 'origin', 'main');
  const api: ReviewProject['api'] = async (user, method, path, body) =>
    answerOf(await server.api(user, method, `${repository.api}${path}`, body));
  return {
    repository,
    tree,
    main,
    api,
    async push(branch, changed, message = `work on ${branch}`, from = main) {
      await tree.git('fetch', '--quiet', 'origin');
      const there = await tree
        .git('rev-parse', '--verify', '-q', `origin/${branch}`)
        .catch(() => '');
      await tree.git('checkout', '-q', '-B', branch, there === '' ? from : `origin/${branch}`);
      await tree.write(changed);
      const sha = await tree.commit(message);
      await tree.git('push', '--quiet', 'origin', branch);
      return sha;
    },
    async open(branch, more = {}, user = owner) {
      const body = { title: `Merge ${branch}`, sourceBranch: branch, ...more };
      const made = await api<MergeRequestBody>(user, 'POST', '/merge-requests', body);
      if (made.status !== 201) throw new Error(JSON.stringify(made.body));
      return made.body;
    },
    shaOf: (branch) =>
      server.store.resolveCommit(`${owner.name}/${name}.git`, `refs/heads/${branch}`),
  };
}

/** Does what the workers do with committed events of merge requests, until there is none left. */
export async function followEvents(
  server: GitServer,
  repositories: RepositoryReader = createRepositoryReader(server.store, heavyBy(runHere)),
): Promise<void> {
  const deps = {
    db: server.db,
    git: server.store,
    repositories,
  };
  for (;;) {
    const givenUp = await drainEvents(server.db, 'review', (event) =>
      followReviewEvent(deps, event),
    );
    if (givenUp > 0) throw new Error(JSON.stringify(await server.db.eventDeadLetter.findMany()));
    const due = await claimDueMerges(server.db, 10);
    if (due.length === 0) return;
    for (const one of due) await tryDueMerge(deps, one);
  }
}

// Beyond the numbers that a project of a test gives out by itself.
let runs = 1000;

/** What ties a run to the merge request whose head it runs. */
async function ofMergeRequest(
  db: GitServer['db'],
  { projectId, commitSha: headSha }: { projectId: string; commitSha: string },
  number: number,
) {
  const request = await db.mergeRequest.findFirstOrThrow({ where: { projectId, headSha } });
  const dedupeKey = `${mergeRequestRunKey(request)}~${String(number)}`;
  return { dedupeKey, targetBranch: request.targetBranch };
}

/** A run of a commit as the workers would leave it: its steps by name and status. */
export async function makeChecks(
  { db }: GitServer,
  run: {
    projectId: string;
    commitSha: string;
    status: string;
    steps: object;
    trigger: string;
    /** `refs/heads/topic` unless told */
    gitRef?: string;
  },
): Promise<void> {
  const { steps, ...columns } = run;
  const number = (runs += 1);
  await db.pipeline.create({
    data: {
      ...columns,
      ...(run.trigger === 'mr' ? await ofMergeRequest(db, run, number) : {}),
      id: newId('pipeline'),
      number,
      changeId: newId('change'),
      gitRef: run.gitRef ?? 'refs/heads/topic',
      steps: {
        create: Object.entries(steps as Record<string, string>).map(
          ([name, status], stepOrder) => ({
            ...{ id: newId('step'), projectId: run.projectId, stepOrder, name, image: '', status },
          }),
        ),
      },
    },
  });
}

/** Hands some permission on, whichever: what counts here is who acts for whom. */
export async function delegateTo(
  { db }: GitServer,
  delegatorId: string,
  delegateId: string,
): Promise<void> {
  const { id: permissionId } = await db.permission.findFirstOrThrow();
  await db.delegation.create({
    data: { id: newId('delegation'), delegatorId, delegateId, permissionId },
  });
}

/** An agent that acts for somebody. */
export async function agentOf(
  server: GitServer,
  name: string,
  delegatorId: string,
): Promise<TestUser> {
  const agent = await server.user(name, 'developer');
  await server.db.user.update({ where: { id: agent.id }, data: { kind: 'agent' } });
  await delegateTo(server, delegatorId, agent.id);
  return agent;
}
