import { readImageRef } from '../../contracts/deploy/image-ref.ts';
import type {
  Deployment,
  DeploymentRevision,
  OpsRepo,
  Pipeline,
} from '../../prisma/generated/client.ts';
import type { Head } from '../secret/judge-head.ts';
import type { Db } from '../shared/db.ts';
import { runsOfImage } from './find-artifact-image.ts';
import { hostedProject } from './ops-repo-address.ts';

/** Something that a deployment runs, and where it lies. */
export type Part = Pick<Head, 'projectId' | 'ref' | 'commitSha'>;

/** A deployment with what it may be made of. */
export type Made = Deployment & {
  opsRepo: OpsRepo | null;
  pinnedRevision: DeploymentRevision | null;
  liveRevision: DeploymentRevision | null;
};

/**
 * `planned`: what is about to be brought; `brought`: what the newest sync brings, whatever moved since it was planned; else
 * what was rendered from a commit.
 */
export type Stage = 'planned' | 'brought' | { renderedFrom: string | null };

/**
 * Where the parts of a lasting deployment lie: its code, the manifests that it is rendered from, and the runs that its image
 * comes from. Any of them says what is done with a secret. Of what a rollback goes back to, or a stop holds, only the commit
 * of that revision is asked after: its manifests were when it came.
 */
export async function partsOfDeployment(
  db: Db,
  deployment: Made,
  stage: Stage,
): Promise<{ all: Part[]; oneOf: Part[] }> {
  const kept = keptRevision(deployment);
  const { projectId } = deployment;
  const { commitSha, pipelineId } = kept ?? deployment;
  const run = await runOf(db, pipelineId);
  const code: Part[] =
    commitSha === null ? [] : [{ projectId, ref: run?.gitRef ?? null, commitSha }];
  if (deployment.desiredStatus !== 'active') return { all: code, oneOf: [] };
  const source = await sourceOf(db, deployment, run, stage);
  const isKnown = code.some(
    (one) => one.projectId === source?.projectId && one.commitSha === source.commitSha,
  );
  return {
    all: source === null || isKnown ? code : [...code, source],
    oneOf: await imagesOf(db, deployment),
  };
}

/** The revision that is kept instead of a fresh rendering, as planning takes it; null where it renders. */
function keptRevision({ desiredStatus, pinnedRevision, liveRevision }: Made) {
  if (desiredStatus === 'rollback') return pinnedRevision;
  return desiredStatus === 'stopped' ? liveRevision : null;
}

async function runOf(db: Db, pipelineId: string | null): Promise<Pipeline | null> {
  return pipelineId === null ? null : await db.pipeline.findUnique({ where: { id: pipelineId } });
}

/** Where its manifests lie; null for a foreign ops repository, of which nobody here is known. */
async function sourceOf(
  db: Db,
  deployment: Made,
  run: Pipeline | null,
  stage: Stage,
): Promise<Part | null> {
  const brought = await shaOf(db, deployment, stage);
  const { opsRepo, projectId } = deployment;
  if (opsRepo !== null) {
    const place = hostedProject(opsRepo.repoUrl);
    if (place === null) return null;
    const where = { name: place.name, owner: { name: place.owner } };
    const project = await db.project.findFirst({ where });
    if (project === null) return null;
    const ref = `refs/heads/${opsRepo.branch}`;
    const commitSha =
      brought ?? deployment.adoptedSha ?? (await headOf(db, { projectId: project.id, ref }));
    return { projectId: project.id, ref, commitSha };
  }
  const { defaultBranch } = await db.project.findUniqueOrThrow({ where: { id: projectId } });
  const ref = `refs/heads/${defaultBranch}`;
  const wanted = deployment.commitSha;
  const commitSha = brought ?? wanted ?? (await headOf(db, { projectId, ref }));
  return { projectId, ref: wanted === null ? ref : (run?.gitRef ?? null), commitSha };
}

async function headOf(db: Db, at: { projectId: string; ref: string }): Promise<string | null> {
  const name = at.ref;
  const key = { projectId_name: { projectId: at.projectId, name } };
  return (await db.gitRef.findUnique({ where: key }))?.sha ?? null;
}

async function shaOf(db: Db, { id }: Deployment, stage: Stage): Promise<string | null> {
  if (stage === 'planned') return null;
  if (stage !== 'brought') return stage.renderedFrom;
  const sync = await db.deploymentSync.findFirst({
    where: { deploymentId: id },
    orderBy: { number: 'desc' },
  });
  return sync?.sourceSha ?? null;
}

/** The runs that stored its image, which is the same whoever of them did; none when its own commit is one of theirs. */
async function imagesOf(db: Db, { imageRef, projectId, commitSha }: Deployment): Promise<Part[]> {
  const image = readImageRef(imageRef);
  const runs = image === null ? [] : await runsOfImage(db, image, projectId);
  if (runs.some((run) => run.commitSha !== null && run.commitSha === commitSha)) return [];
  return runs.map((run) => ({ projectId, ref: run.gitRef, commitSha: run.commitSha }));
}
