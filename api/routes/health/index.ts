import { getHealthRoute, getHealthShortRoute } from './get-health.ts';
import { getHealthzRoute, getLivezRoute } from './get-livez.ts';
import { getMetricsRoute } from './get-metrics.ts';
import { getReadyzRoute } from './get-readyz.ts';

export const healthRoutes = [
  getHealthRoute,
  getHealthShortRoute,
  getLivezRoute,
  getHealthzRoute,
  getReadyzRoute,
  getMetricsRoute,
];
