import type { DeployTarget } from '../../contracts/deploy/target.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { RenderInput } from '../../contracts/deploy/render.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import type { Log } from '../../contracts/log.ts';
import type { ManifestFiles } from '../../domain/deploy/manifest-files.ts';
import type { BlobStore } from '../../domain/shared/blob-store.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import type { Patience } from '../patience.ts';

/**
 * Secrets of the project, as far as a deployment may use them. Values are leased before they are handed out.
 * Errors: DomainError `secret_unavailable`, `sealed`.
 */
export interface DeploySecrets {
  /** of the versions that are named; one that is not named, or is kept no more: as it is held, else the newest */
  values: (
    deploymentId: string,
    names: readonly string[],
    versions: ReadonlyMap<string, number>,
  ) => Promise<Map<string, { value: string; version: number }>>;
  /** version by name, and no value: what it holds by its leases, or would be given now, which fails where a value does not open */
  versions: (
    which: 'newest' | 'held',
    deploymentId: string,
    names: readonly string[],
  ) => Promise<Map<string, number>>;
  /** refuses what was rendered from a commit where secrets were given before that it may not have, whatever it names */
  requireBeside: (deploymentId: string, renderedFrom: string | null) => Promise<void>;
}

/** What the effects of deployments need. One set for each target. */
export interface DeployActivityDeps {
  db: PrismaClient;
  log: Log;
  store: BlobStore;
  gitStore: GitStore;
  manifestFiles: ManifestFiles;
  /** fetches a foreign ops repository that was not fetched yet and answers its head */
  fetchOpsRepo: (opsRepoId: string) => Promise<string>;
  target: DeployTarget;
  /** manifests by kustomize or helm where the folder asks for them; plain templates need neither */
  render: (input: RenderInput, whose: string) => Promise<Manifest[]>;
  secrets: DeploySecrets;
  /** with what keeps a rollout from being planned; the usual one unless told */
  patience?: Patience;
}
