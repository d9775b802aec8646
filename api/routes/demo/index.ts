import type { DefinedRoute } from '../../define-route.ts';
import { startDemoRoute } from './start-demo.ts';

export const demoRoutes: readonly DefinedRoute[] = [startDemoRoute];
