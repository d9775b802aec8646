import { expect } from '@jest/globals';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { SyncAction } from '../../contracts/deploy/types.ts';
import { beginSync } from '../../domain/deploy/begin-sync.ts';
import { finishSync } from '../../domain/deploy/finish-sync.ts';
import { planWaves } from '../../domain/deploy/render/plan-waves.ts';
import { readRevision, storeRevision } from '../../domain/deploy/store-revision.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { DeploymentRevision } from '../../prisma/generated/client.ts';
import { type AppUnderTest, openAppUnderTest, type TestAccount } from './app-under-test.ts';
import type { createMemoryStore } from './memory-store.ts';

export interface Asked {
  revision: DeploymentRevision;
  action?: SyncAction;
  /** before and after */
  replicas?: [number | null, number | null];
  secretVersions?: Record<string, number>;
}

/** The columns of a deployment that say who asked for it. */
export type Wanted = { commitSha: string; pipelineId: string; changeId: string };

/** A ConfigMap that differs from round to round. */
export const configOf = (round: number): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'app', namespace: 'shop' },
  data: { round: String(round) },
});

/** Revisions and syncs of deployments, made step by step without the workflow that would make them. */
export class RevisionSteps {
  project = { id: '', path: '' };
  readonly #sut: AppUnderTest;
  readonly #admin: TestAccount;
  readonly #store: ReturnType<typeof createMemoryStore>;
  #counter = 0;

  constructor(sut: AppUnderTest, admin: TestAccount, store: ReturnType<typeof createMemoryStore>) {
    this.#sut = sut;
    this.#admin = admin;
    this.#store = store;
  }

  /** A deployment in a project of its own, which becomes `project`. */
  async newDeployment(): Promise<string> {
    this.#counter += 1;
    this.project = await this.#sut.project(this.#admin, `undone-${String(this.#counter)}`);
    const made = await this.#sut.call(this.#admin, 'POST', `${this.project.path}/deployments`, {
      imageRef: 'registry.example/app:1',
    });
    expect(made.status).toBe(201);
    return (made.body as { id: string }).id;
  }

  rowOf(id: string) {
    return this.#sut.db.deployment.findUniqueOrThrow({ where: { id } });
  }

  async ask(id: string, word: string, body: object = {}): Promise<void> {
    const path = `/api/v1/deployments/${id}/${word}`;
    expect((await this.#sut.call(this.#admin, 'POST', path, body)).status).toBe(202);
  }

  async revisionOf(deploymentId: string, manifests: Manifest[]): Promise<DeploymentRevision> {
    const row = await this.rowOf(deploymentId);
    const { commitSha } = row;
    return storeRevision(this.#sut.db, this.#store, row, {
      ...{ manifests, opsRepoSha: null, commitSha },
    });
  }

  /** A sync of what is desired now. */
  async begin(deploymentId: string, asked: Asked): Promise<string> {
    const { revision, action = 'deploy', replicas = [null, null], secretVersions = {} } = asked;
    const { id } = await beginSync(this.#sut.db, await this.rowOf(deploymentId), {
      revision,
      sourceSha: null,
      action,
      previousReplicas: replicas[0],
      replicas: replicas[1],
      secretVersions: new Map(Object.entries(secretVersions)),
      waves: planWaves(await readRevision(this.#store, revision)),
      prune: [],
    });
    return id;
  }

  end(syncId: string, outcome: 'succeeded' | 'undone' | 'rejected') {
    const reason = outcome === 'succeeded' ? null : 'never ready';
    return finishSync(this.#sut.db, { syncId, outcome, reason });
  }

  /** A new desired state of the pipeline's, rolled out. */
  async deploys(deploymentId: string, round: number, more: Partial<Asked> = {}) {
    await this.#sut.db.deployment.update({
      where: { id: deploymentId },
      data: { desiredStatus: 'active', pinnedRevisionId: null, generation: { increment: 1 } },
    });
    const revision = await this.revisionOf(deploymentId, [configOf(round)]);
    return { revision, syncId: await this.begin(deploymentId, { revision, ...more }) };
  }

  /** A run that passed, as the columns of the deployment that it asked for. */
  async wantedBy(letter: string, number: number): Promise<Wanted> {
    const wanted = { commitSha: letter.repeat(40), changeId: newId('change') };
    const id = newId('pipeline');
    await this.#sut.db.pipeline.create({
      data: {
        ...{ id, number, projectId: this.project.id, ...wanted },
        ...{ trigger: 'push', gitRef: 'refs/heads/main', status: 'success' },
      },
    });
    return { ...wanted, pipelineId: id };
  }
}

/** The app with an administrator, and the steps of revisions by them; what revisions are made of lies in `store`. */
export async function openRevisionSteps(store: ReturnType<typeof createMemoryStore>) {
  const sut = await openAppUnderTest();
  const admin = await sut.person('undoadmin', 'admin');
  return { sut, admin, steps: new RevisionSteps(sut, admin, store) };
}
