import {
  context,
  propagation,
  SpanStatusCode,
  trace,
  type Span,
  type SpanOptions,
} from '@opentelemetry/api';
import { withLogFields, type LogFields } from './log-context.ts';

/** Runs `work` in a span, the current one while it runs; a failure is told by its kind only, never by its message. */
export async function inSpan<T>(
  tracerName: string,
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  return await trace.getTracer(tracerName).startActiveSpan(name, options, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: kindOf(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Code of one of our errors, else the class: messages may quote what a user sent. */
export function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/**
 * Runs `work` as a continuation of the trace that an event or a message was written in, with its trace id and the
 * given fields on every log line.
 */
export async function continueTrace<T>(
  traceparent: string | null,
  fields: LogFields,
  work: () => Promise<T>,
): Promise<T> {
  const parent =
    traceparent === null
      ? context.active()
      : propagation.extract(context.active(), { traceparent });
  const traceId = trace.getSpanContext(parent)?.traceId;
  return await context.with(
    parent,
    async () =>
      await withLogFields(
        { ...(traceId === undefined ? {} : { trace_id: traceId }), ...fields },
        work,
      ),
  );
}
