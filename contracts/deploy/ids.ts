/** One entity per environment of a project (design section 5). */
export function deploymentWorkflowId(projectId: string, environment: string): string {
  return `deployment:${projectId}:${environment}`;
}

/** The environment that a workflow id of `deploymentWorkflowId` names; null for any other id. */
export function deploymentOfWorkflow(
  workflowId: string,
): { projectId: string; environment: string } | null {
  const [kind, projectId, environment, ...rest] = workflowId.split(':');
  if (kind !== 'deployment' || !projectId || !environment || rest.length > 0) return null;
  return { projectId, environment };
}
