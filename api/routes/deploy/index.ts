import type { DefinedRoute } from '../../define-route.ts';
import { deploymentCommandRoutes } from './command-deployment.ts';
import {
  getDeploymentRoute,
  getRevisionManifestsRoute,
  listHistoryRoute,
  listRevisionsRoute,
  listSyncsRoute,
} from './get-deployment.ts';
import { listDeploymentsRoute, listProjectDeploymentsRoute } from './list-deployments.ts';
import {
  createOpsRepoRoute,
  deleteOpsRepoRoute,
  fetchOpsRepoRoute,
  getOpsRepoRoute,
  listOpsReposRoute,
  updateOpsRepoRoute,
} from './ops-repos.ts';
import {
  createDeploymentRoute,
  deleteDeploymentRoute,
  updateDeploymentRoute,
} from './write-deployment.ts';

export const deployRoutes: readonly DefinedRoute[] = [
  listDeploymentsRoute,
  listProjectDeploymentsRoute,
  createDeploymentRoute,
  getDeploymentRoute,
  updateDeploymentRoute,
  deleteDeploymentRoute,
  ...deploymentCommandRoutes,
  listHistoryRoute,
  listRevisionsRoute,
  getRevisionManifestsRoute,
  listSyncsRoute,
  listOpsReposRoute,
  getOpsRepoRoute,
  createOpsRepoRoute,
  updateOpsRepoRoute,
  fetchOpsRepoRoute,
  deleteOpsRepoRoute,
];
