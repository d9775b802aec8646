/** Temporal task queues, one per resource class. No version and no tenant in a name. */
export const taskQueues = {
  /** workflows, and short activities over Postgres */
  core: 'core',
  /** work on bare repositories */
  git: 'git',
  /** steps of pipelines that may run on any build host */
  build: 'build',
  /** mail and webhooks: a receiver that is slow must not hold records up */
  notify: 'notify',
  /** effects at deploy targets that any worker reaches */
  deploy: 'deploy',
  /** effects at the local deploy target, which lives in one process */
  deployLocal: 'deploy-local',
} as const;

/** Queue of one build host: the steps of a run follow the workspace that lies there. */
export function hostTaskQueue(hostId: string): string {
  return `${taskQueues.build}-${hostId}`;
}
