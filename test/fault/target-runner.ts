import { openLocalTarget } from '../../adapters/local-target/local-target.ts';
import type { TargetScope } from '../../contracts/deploy/target.ts';
import { createMasker } from '../../domain/pipeline/mask.ts';
import { memoryImages, packApp } from '../support/deploy-app.ts';
import { ref, webDeployment, webService } from '../support/deploy-manifests.ts';
import { eventually } from '../support/eventually.ts';

/**
 * A process that holds a local target and runs an application with two replicas; made to be killed. Its arguments are the
 * target's folder and a marker for the command line of the application. Prints the address when it is healthy; ends in
 * order when its input ends.
 */
const [, , root = '', marker = ''] = process.argv;
const images = memoryImages();
const image = images.add(packApp());
const target = await openLocalTarget({ root, images, masker: createMasker, closeGraceMs: 500 });
const scope: TargetScope = {
  deploymentId: 'dep_1',
  projectId: 'prj_1',
  environment: 'staging',
  namespace: 'demo',
};
const command = ['node', 'server.js', marker];
const probe = { exec: { command: ['node', '-e', 'process.exit(0)'] }, timeoutSeconds: 20 };
const web = webDeployment(scope, () => ({ image, command }), 'v1', {
  replicas: 2,
  container: { livenessProbe: probe },
});
await target.apply(scope, webService(scope));
await target.apply(scope, web);
await eventually(async () => {
  const health = await target.health(scope, ref(web));
  if (health.status === 'healthy') return true;
  throw new Error(`${health.status}: ${health.message}`);
}, 180_000);
const [address] = await target.addresses(scope);
process.stdout.write(`${address?.url ?? ''}\n`);
await new Promise((resolve) => process.stdin.resume().once('end', resolve));
await target.close();
process.exit(0);
