import { createHash } from 'node:crypto';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import { isClusterWide } from './render/cluster-kinds.ts';

/** Whose a namespace is: an environment of a project, or the preview of one of its merge requests. */
export interface NamespaceOwner {
  deploymentId: string;
  projectId: string;
  /** the environment, of previews `preview-<number>` */
  slug: string;
}

/**
 * Chooses the namespace of a new deployment: `<owner>-<project>-<environment>`, and where another one had that, ever, the
 * same with a digest of the deployment's id. It is kept with the deployment and never made of names again.
 */
export async function giveNamespace(
  tx: Prisma.TransactionClient,
  owner: NamespaceOwner,
): Promise<string> {
  const project = await tx.project.findUniqueOrThrow({
    where: { id: owner.projectId },
    include: { owner: { select: { name: true } } },
  });
  const readable = readableName(project.owner.name, project.name, owner.slug);
  const own = withDigest(readable, owner.deploymentId);
  for (const namespace of [readable, own]) {
    if (await takeName(tx, namespace, owner)) return namespace;
  }
  throw new DomainError('conflict', `The namespace ${own} is another deployment's.`);
}

/** Takes a name that nobody had, or that the same environment had before. @returns false when it is another one's */
async function takeName(
  tx: Prisma.TransactionClient,
  namespace: string,
  { projectId, slug }: NamespaceOwner,
): Promise<boolean> {
  const data = { namespace, projectId, slug };
  // Waits for whoever is about to take the same one.
  await tx.deploymentName.createMany({ data, skipDuplicates: true });
  const holder = await tx.deploymentName.findUniqueOrThrow({ where: { namespace } });
  if (holder.projectId !== projectId || holder.slug !== slug) return false;
  return (await tx.deployment.count({ where: { namespace } })) === 0;
}

/** A DNS label (RFC 1123, 63 characters). Different names may lead to the same one. */
export function readableName(owner: string, project: string, slug: string): string {
  const plain = `${owner}-${project}-${slug}`;
  const label = plain
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return label === plain && label.length <= 63 ? label : withDigest(label, plain, 8, 54);
}

function withDigest(label: string, of: string, digits = 12, most = 50): string {
  const digest = createHash('sha256').update(of).digest('hex').slice(0, digits);
  return `${label.slice(0, most).replace(/-+$/, '')}-${digest}`;
}

/** What was rendered for the namespace that a deployment had, for the one that it has. */
export function inNamespace(manifests: readonly Manifest[], namespace: string): Manifest[] {
  return manifests.map((manifest) =>
    isClusterWide(manifest.apiVersion, manifest.kind)
      ? manifest
      : { ...manifest, metadata: { ...manifest.metadata, namespace } },
  );
}
