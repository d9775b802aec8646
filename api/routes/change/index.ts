import type { DefinedRoute } from '../../define-route.ts';
import { getChangeRoute } from './get-change.ts';
import { listChangesRoute } from './list-changes.ts';

export const changeRoutes: readonly DefinedRoute[] = [getChangeRoute, listChangesRoute];
