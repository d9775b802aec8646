import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalTarget, type LocalTarget } from '../../adapters/local-target/local-target.ts';
import type { LocalTargetOptions } from '../../adapters/local-target/options.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { refOf } from '../../contracts/deploy/manifest.ts';
import type { HealthStatus, ObjectHealth, TargetScope } from '../../contracts/deploy/target.ts';
import { createMasker } from '../../domain/pipeline/mask.ts';
import { memoryImages } from './deploy-app.ts';
import { eventually } from './eventually.ts';
import { removeFolder } from './remove-folder.ts';

/** A local target over a folder of its own, with artifacts in memory. */
export interface LocalBench {
  root: string;
  images: ReturnType<typeof memoryImages>;
  logged: string[];
  target(): LocalTarget;
  apply(scope: TargetScope, ...manifests: Manifest[]): Promise<void>;
  /** Waits for a status; its message. */
  reaches(scope: TargetScope, manifest: Manifest, status: HealthStatus): Promise<string>;
  /** Waits until the message matches, whatever the status. */
  tells(scope: TargetScope, manifest: Manifest, message: RegExp): Promise<ObjectHealth>;
  get(scope: TargetScope, path?: string, service?: string): Promise<string>;
  /** Waits until the output of an object's first replica matches. */
  logs(scope: TargetScope, manifest: Manifest, text: RegExp): Promise<string>;
  /** @param between runs while it is closed */
  reopen(between?: () => void): Promise<void>;
  close(): Promise<void>;
}

export async function openLocalBench(more: Partial<LocalTargetOptions> = {}): Promise<LocalBench> {
  const root = mkdtempSync(join(tmpdir(), 'slipway-apps-'));
  const images = memoryImages();
  const logged: string[] = [];
  const open = (): Promise<LocalTarget> =>
    openLocalTarget({
      ...{ root, images, masker: createMasker, closeGraceMs: 500 },
      log: (_level, message) => logged.push(message),
      ...more,
    });
  let target = await open();
  const health = (scope: TargetScope, manifest: Manifest): Promise<ObjectHealth> =>
    target.health(scope, refOf(manifest));
  return {
    root,
    images,
    logged,
    target: () => target,
    apply: async (scope, ...manifests) => {
      for (const manifest of manifests) await target.apply(scope, manifest);
    },
    reaches: (scope, manifest, status) =>
      eventually(async () => {
        const now = await health(scope, manifest);
        if (now.status === status) return now.message;
        throw new Error(`${now.status}: ${now.message}`);
      }, 120_000),
    tells: (scope, manifest, message) =>
      eventually(async () => {
        const now = await health(scope, manifest);
        if (message.test(now.message)) return now;
        throw new Error(`${now.status}: ${now.message}`);
      }, 120_000),
    get: async (scope, path = '/', service = 'web') => {
      const all = await target.addresses(scope);
      const url = all.find((one) => one.service === service)?.url ?? '';
      return (await fetch(`${url}${path}`)).text();
    },
    logs: (scope, manifest, text) =>
      eventually(async () => {
        const [log] = await target.readLog(scope, refOf(manifest));
        if (log !== undefined && text.test(log.text)) return log.text;
        throw new Error(log?.text ?? 'no replica');
      }, 120_000),
    reopen: async (between) => {
      await target.close();
      between?.();
      target = await open();
    },
    close: async () => {
      await target.close();
      await removeFolder(root);
    },
  };
}

/** A scope in a namespace of its name. */
export function scopeOf(namespace: string): TargetScope {
  return {
    deploymentId: `dep_${namespace}`,
    projectId: 'prj_1',
    environment: 'staging',
    namespace,
  };
}
