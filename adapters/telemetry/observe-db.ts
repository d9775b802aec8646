import { SpanKind, trace } from '@opentelemetry/api';
import type { Log } from '../../contracts/log.ts';
import { inSpan } from './spans.ts';

/** The part of a Prisma client that is needed to watch its queries. */
interface Extendable {
  $extends(extension: {
    name: string;
    query: { $allOperations(params: QueryParams): Promise<unknown> };
  }): unknown;
}

interface QueryParams {
  model?: string | undefined;
  operation: string;
  args: unknown;
  query: (args: unknown) => Promise<unknown>;
}

/**
 * The same client with a span around each query that belongs to a trace, and a warning for each one slower than `thresholdMs`. Neither names
 * an argument: those are users' data.
 */
export function observeDb<T extends object>(db: T, options: { log: Log; thresholdMs: number }): T {
  const { log, thresholdMs } = options;
  const extended = (db as unknown as Extendable).$extends({
    name: 'observe',
    query: {
      async $allOperations({ model, operation, args, query }) {
        const name = model === undefined ? operation : `${model}.${operation}`;
        const started = performance.now();
        try {
          // a poll that nobody asked for would be a trace of its own, once a second for ever
          if (trace.getActiveSpan() === undefined) return await query(args);
          const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': name };
          const options = { kind: SpanKind.CLIENT, attributes };
          return await inSpan('slipway.db', name, options, async () => await query(args));
        } finally {
          const durationMs = Math.round(performance.now() - started);
          if (durationMs >= thresholdMs) {
            log.warn(
              { module: 'database', operation: name, durationMs, thresholdMs },
              'slow query',
            );
          }
        }
      },
    },
  });
  return extended as T;
}
