/** One entity per environment of a project (design section 5); of previews one per merge request. */
export function deploymentWorkflowId(
  projectId: string,
  environment: string,
  mergeRequestId: string | null = null,
): string {
  const place = mergeRequestId === null ? environment : `${environment}:${mergeRequestId}`;
  return `deployment:${projectId}:${place}`;
}

/** The preview of a merge request (design section 5). */
export function previewWorkflowId(mergeRequestId: string): string {
  return `preview:${mergeRequestId}`;
}

/** The merge request that a workflow id of `previewWorkflowId` names; null for any other id. */
export function mergeRequestOfWorkflow(workflowId: string): string | null {
  const [kind, mergeRequestId, ...rest] = workflowId.split(':');
  return kind === 'preview' && mergeRequestId && rest.length === 0 ? mergeRequestId : null;
}

/** The environment that a workflow id of `deploymentWorkflowId` names; null for any other id. */
export function deploymentOfWorkflow(
  workflowId: string,
): { projectId: string; environment: string } | null {
  const [kind, projectId, environment, ...rest] = workflowId.split(':');
  if (kind !== 'deployment' || !projectId || !environment || rest.length > 0) return null;
  return { projectId, environment };
}
