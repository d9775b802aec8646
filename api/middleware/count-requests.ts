import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** What this process counts of its requests, in Prometheus' form. */
export interface RequestMetrics {
  middleware: MiddlewareHandler;
  /** Tells a number that this process has now, whenever it is asked for. */
  gauge(name: string, help: string, read: () => number): void;
  /** text of an exposition */
  render(): Promise<{ contentType: string; text: string }>;
}

/**
 * Counts requests by method, route and status. The label is the pattern of the route, never the address, so that
 * nobody can make the number of series grow.
 */
export function createRequestMetrics(): RequestMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const labelNames = ['method', 'route', 'status'] as const;
  const total = new Counter({
    name: 'slipway_http_requests_total',
    help: 'Requests answered',
    labelNames,
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'slipway_http_request_duration_seconds',
    help: 'Time to the first byte of an answer',
    labelNames,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  return {
    middleware: async (c, next) => {
      const started = performance.now();
      await next();
      const route = routePath(c);
      const labels = {
        method: c.req.method,
        route: route === '*' || route === '/*' ? 'page' : route,
        status: String(c.res.status),
      };
      total.inc(labels);
      duration.observe(labels, (performance.now() - started) / 1000);
    },
    gauge: (name, help, read) => {
      const registers = [registry];
      const one: Gauge = new Gauge({ name, help, registers, collect: () => one.set(read()) });
    },
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
