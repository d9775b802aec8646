import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { withLogFields } from './log-context.ts';

/** Probes, metrics and the telemetry ingest itself: spans of these would tell nothing, or feed themselves. */
const unobserved = /^\/(livez|readyz|health|metrics|api\/v1\/health|v1\/(traces|logs|metrics))$/;

/**
 * A server span for each request, continuing the caller's trace when it sent a `traceparent`, and a log context with
 * trace_id. Put it before every other middleware; `requestId` is read from the context if it is there already.
 */
export function tracingMiddleware(): MiddlewareHandler {
  return async (c, next) => {
    const { path, method } = c.req;
    if (unobserved.test(path)) {
      await next();
      return;
    }
    const parent = propagation.extract(context.active(), {
      traceparent: c.req.header('traceparent'),
    });
    const span = trace
      .getTracer('slipway.http')
      .startSpan(
        method,
        { kind: SpanKind.SERVER, attributes: { 'http.request.method': method, 'url.path': path } },
        parent,
      );
    const requestId: unknown = c.get('requestId');
    const fields = {
      module: 'api',
      // the route is known only once it was found
      operation: () => `${method} ${routePath(c)}`,
      trace_id: span.spanContext().traceId,
      ...(typeof requestId === 'string' ? { request_id: requestId } : {}),
    };
    const active = trace.setSpan(parent, span);
    const carrier: { traceparent?: string } = {};
    propagation.inject(active, carrier);
    // what the request sets off (events, workflows) continues from here, not from the client's span
    c.set('traceparent', carrier.traceparent);
    try {
      await context.with(active, async () => {
        await withLogFields(fields, next);
      });
    } finally {
      const status = c.res.status;
      span.updateName(`${method} ${routePath(c)}`);
      span.setAttributes({ 'http.response.status_code': status, 'http.route': routePath(c) });
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    }
  };
}
