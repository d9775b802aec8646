/** One entity per environment of a project (design section 5). */
export function deploymentWorkflowId(projectId: string, environment: string): string {
  return `deployment:${projectId}:${environment}`;
}
