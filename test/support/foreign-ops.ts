import path from 'node:path';
import { createMirrorStore, type MirrorStoreOptions } from '../../adapters/git/mirror-store.ts';
import { createHostResolver } from '../../adapters/http/resolve-host.ts';
import type { MirrorStore } from '../../contracts/git/mirror.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import { claimFetch } from '../../domain/deploy/claim-fetches.ts';
import { fetchClaimed, type FetchDeps } from '../../domain/deploy/fetch-ops-repo.ts';
import type { Deployment, OpsRepo, Project } from '../../prisma/generated/client.ts';
import {
  type Answer,
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from './app-under-test.ts';
import { type ForeignGit, openForeignGit } from './foreign-git.ts';
import type { WorkTree } from './git-client.ts';

/** The app with the steps of tests on foreign ops repositories; a server and a repository of its own for each test. */
export interface ForeignOps {
  sut: AppUnderTest;
  admin: TestAccount;
  store: GitStore;
  mirrors: MirrorStore;
  /** everything that was logged */
  logged: unknown[];
  /** of the test at hand */
  foreign: ForeignGit;
  tree: WorkTree;
  /** of the repository, and of what follows it unless told */
  name: string;
  begin(): Promise<void>;
  end(): Promise<void>;
  stop(): Promise<void>;
  mirrorStore(more?: Partial<MirrorStoreOptions>): MirrorStore;
  deps(more?: Partial<FetchDeps>): FetchDeps;
  post(body: object, who?: TestAccount): Promise<Answer>;
  /** address of the repository */
  url(): string;
  /** sets an ops repository up and answers its id */
  follow(more?: object): Promise<string>;
  shown(id: string): Promise<Record<string, unknown>>;
  /** pushes to main and answers the commit */
  push(files: Record<string, string>): Promise<string>;
  /** one try, due or not */
  fetchNow(id: string, more?: Partial<FetchDeps>): ReturnType<typeof fetchClaimed>;
  /** a deployment of a new project that is rendered from it */
  deploymentOf(id: string): Promise<Deployment & { opsRepo: OpsRepo | null; project: Project }>;
}

export async function openForeignOps(): Promise<ForeignOps> {
  const sut = await openAppUnderTest({ env: { SLIPWAY_OUTBOUND_ALLOW_HOSTS: '127.0.0.1' } });
  const admin = await sut.person('foreignadmin', 'admin');
  const { home } = sut.services.config;
  const logged: unknown[] = [];
  const note = (fields: object) => void logged.push(fields);
  const log = { debug: note, info: note, warn: note, error: note };
  let counter = 0;
  const mirrorStore: ForeignOps['mirrorStore'] = (more = {}) =>
    createMirrorStore({
      root: path.join(home, 'repositories'),
      hooksDir: path.join(home, 'hooks'),
      resolveHost: createHostResolver(['127.0.0.1']),
      timeoutMs: 120_000,
      ...more,
    });
  const mirrors = mirrorStore();
  const deps: ForeignOps['deps'] = (more = {}) => ({
    ...{ db: sut.db, mirrors, secretBox: sut.services.secretBox, log },
    ...more,
  });
  const never = new AbortController().signal;
  // Not set before `begin`: each test has its own.
  const ops: ForeignOps = {
    ...{ sut, admin, store: sut.services.gitStore, mirrors, logged, mirrorStore, deps },
    foreign: undefined as unknown as ForeignGit,
    tree: undefined as unknown as WorkTree,
    name: '',
    async begin() {
      await sut.db.deployment.deleteMany({});
      await sut.db.opsRepo.deleteMany({});
      ops.foreign = await openForeignGit();
      ops.name = `ops-${String((counter += 1))}`;
      ops.tree = await ops.foreign.repository(ops.name);
    },
    end: () => ops.foreign.close(),
    stop: () => sut.stop(),
    post: (body, who = admin) => sut.call(who, 'POST', '/api/v1/ops-repos', body),
    url: () => `${ops.foreign.url}/${ops.name}.git`,
    async follow(more = {}) {
      const made = await ops.post({ name: ops.name, repoUrl: ops.url(), ...more });
      if (made.status !== 201) throw new Error(JSON.stringify(made.body));
      return (made.body as { id: string }).id;
    },
    async shown(id) {
      const answer = await sut.call(admin, 'GET', `/api/v1/ops-repos/${id}`);
      return answer.body as Record<string, unknown>;
    },
    async push(files) {
      await ops.tree.write(files);
      const sha = await ops.tree.commit('change');
      await ops.tree.git('push', '--quiet', 'origin', 'HEAD:main');
      return sha;
    },
    async fetchNow(id, more = {}) {
      const claim = await claimFetch(sut.db, id);
      if (claim === null) throw new Error('somebody else fetches it');
      return await fetchClaimed(deps(more), claim, never);
    },
    async deploymentOf(opsRepoId) {
      const project = await sut.project(admin, `app-${String((counter += 1))}`);
      const made = await sut.call(admin, 'POST', `${project.path}/deployments`, {
        imageRef: 'registry.example/app:1',
        opsRepoId,
        manifestPath: 'apps/app',
      });
      return await sut.db.deployment.findUniqueOrThrow({
        where: { id: (made.body as { id: string }).id },
        include: { opsRepo: true, project: true },
      });
    },
  };
  return ops;
}
