import type { DefinedRoute } from '../../define-route.ts';
import { listEventsRoute } from './list-events.ts';

export const eventRoutes: readonly DefinedRoute[] = [listEventsRoute];
