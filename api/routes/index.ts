import type { DefinedRoute } from '../define-route.ts';
import { adminRoutes } from './admin/index.ts';
import { auditRoutes } from './audit/index.ts';
import { changeRoutes } from './change/index.ts';
import { demoRoutes } from './demo/index.ts';
import { deployRoutes } from './deploy/index.ts';
import { eventRoutes } from './event/index.ts';
import { gateRoutes } from './gate/index.ts';
import { gitRoutes } from './git/index.ts';
import { healthRoutes } from './health/index.ts';
import { identityRoutes } from './identity/index.ts';
import { issueRoutes } from './issue/index.ts';
import { notifyRoutes } from './notify/index.ts';
import { pipelineRoutes } from './pipeline/index.ts';
import { projectRoutes } from './project/index.ts';
import { reviewRoutes } from './review/index.ts';
import { secretRoutes } from './secret/index.ts';

/** Every operation of the API, area by area. Order matters only where two paths match the same address. */
export const routes: readonly DefinedRoute[] = [
  ...healthRoutes,
  ...identityRoutes,
  ...adminRoutes,
  ...secretRoutes,
  ...pipelineRoutes,
  ...gateRoutes,
  ...notifyRoutes,
  ...changeRoutes,
  ...deployRoutes,
  ...demoRoutes,
  ...eventRoutes,
  ...auditRoutes,
  ...projectRoutes,
  ...gitRoutes,
  ...issueRoutes,
  ...reviewRoutes,
];
