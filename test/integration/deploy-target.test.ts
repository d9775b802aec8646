import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalTarget, type LocalTarget } from '../../adapters/local-target/local-target.ts';
import type { TargetScope } from '../../contracts/deploy/target.ts';
import { createMasker } from '../../domain/pipeline/mask.ts';
import { memoryImages, packApp } from '../support/deploy-app.ts';
import { runTargetConformance } from './deploy-target-conformance.ts';

let scopes = 0;

function newScope(beside?: TargetScope): Promise<TargetScope> {
  scopes += 1;
  const namespace = beside?.namespace ?? `space-${String(scopes)}`;
  const deploymentId = `dep_${String(scopes)}`;
  return Promise.resolve({ deploymentId, projectId: 'prj_1', environment: 'staging', namespace });
}

runTargetConformance('local', async () => {
  const root = mkdtempSync(join(tmpdir(), 'slipway-apps-'));
  const images = memoryImages();
  const image = images.add(packApp());
  const open = (): Promise<LocalTarget> =>
    openLocalTarget({ root, images, masker: createMasker, closeGraceMs: 500 });
  let target = await open();
  return {
    target: () => target,
    app: (script) => ({ image, command: ['node', script] }),
    newScope,
    writeAs: (manager, scope, manifest) => target.applyAs(manager, scope, manifest),
    restart: async () => {
      await target.close();
      target = await open();
    },
    close: async () => {
      await target.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
});
