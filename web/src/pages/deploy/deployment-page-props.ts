import type { Deployment } from '../../api/types.ts';

/** What each page of a deployment gets. */
export interface DeploymentPageProps {
  deployment: Deployment;
  /** permissions on its project */
  may: (permission: string) => boolean;
}
