import type { DefinedRoute } from '../define-route.ts';
import { healthRoutes } from './health/index.ts';

/** Every operation of the API, area by area. Order matters only where two paths match the same address. */
export const routes: readonly DefinedRoute[] = [...healthRoutes];
