/** All workflows of the queue `core`: what the worker's bundle holds. */
export { pipelineRunWorkflow } from './pipeline/pipeline-run.workflow.ts';
export { deploymentWorkflow } from './deploy/deployment.workflow.ts';
export { previewWorkflow } from './deploy/preview.workflow.ts';
export { repositoryCareWorkflow } from './git/repository-care.workflow.ts';
export { retentionWorkflow } from './retention/retention.workflow.ts';
export { deliveryWorkflow } from './notify/delivery.workflow.ts';
export { reconcileWorkflow } from './reconcile/reconcile.workflow.ts';
