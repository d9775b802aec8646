/** Header that carries a TraceContext through workflows to activities. Temporal stores headers unencrypted. */
export const traceHeader = 'slipway-trace';

/** What joins the log lines and spans of one cause, from the request to the last step. Ids only. */
export interface TraceContext {
  /** W3C traceparent: `00-<trace id>-<span id>-<flags>` */
  traceparent?: string;
  requestId?: string;
  userId?: string;
}

/** Trace id of a W3C traceparent; null when there is none or it is not well formed. */
export function traceIdOf(traceparent: string | null | undefined): string | null {
  const found = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent ?? '');
  return found?.[1] ?? null;
}
