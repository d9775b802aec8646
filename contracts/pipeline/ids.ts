/** Workflow id of a run. One live workflow per pipeline row. */
export function pipelineRunWorkflowId(pipelineId: string): string {
  return `pipeline-run:${pipelineId}`;
}
