import type { DefinedRoute } from '../../define-route.ts';
import { getStepLogRoute } from './get-step-log.ts';

/** Logs and artifacts of pipelines. */
export const logRoutes: readonly DefinedRoute[] = [getStepLogRoute];
