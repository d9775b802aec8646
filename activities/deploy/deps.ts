import type { DeployTarget } from '../../contracts/deploy/target.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { RenderInput } from '../../contracts/deploy/render.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import type { Log } from '../../contracts/log.ts';
import type { BlobStore } from '../../domain/shared/blob-store.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';

/** What the effects of deployments need. One set for each target. */
export interface DeployActivityDeps {
  db: PrismaClient;
  log: Log;
  store: BlobStore;
  gitStore: GitStore;
  target: DeployTarget;
  /** manifests by kustomize or helm where the folder asks for them; plain templates need neither */
  render: (input: RenderInput) => Promise<Manifest[]>;
  /** values of the project's secrets whose scope lets a deployment use them */
  resolveSecrets: (input: {
    projectId: string;
    names: readonly string[];
    deploymentId: string;
  }) => Promise<Map<string, string>>;
}
