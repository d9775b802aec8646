import type { DefinedRoute } from '../../define-route.ts';
import { listAuditRoute } from './list-audit.ts';
import { verifyAuditRoute } from './verify-audit.ts';

export const auditRoutes: readonly DefinedRoute[] = [listAuditRoute, verifyAuditRoute];
