import { getHealthRoute, getHealthShortRoute } from './get-health.ts';
import { getLivezRoute } from './get-livez.ts';
import { getMetricsRoute } from './get-metrics.ts';
import { getReadyzRoute } from './get-readyz.ts';

export const healthRoutes = [
  getHealthRoute,
  getHealthShortRoute,
  getLivezRoute,
  getReadyzRoute,
  getMetricsRoute,
];
