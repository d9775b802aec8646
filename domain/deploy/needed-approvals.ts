import type { Deployment } from '../../prisma/generated/client.ts';

/** How many people must let a rollout through: what operators set or what the file asks for, whichever is more. */
export function neededApprovals({
  approvals,
  approvalsAsked,
}: Pick<Deployment, 'approvals' | 'approvalsAsked'>): number {
  return Math.max(approvals, approvalsAsked);
}
