import { trace } from '@opentelemetry/api';
import { pino, type Bindings, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { currentLogFields } from './log-context.ts';
import { redactText } from '../../contracts/redact-text.ts';
import { redact } from './redact.ts';
import { textLines, visibleLines } from './text-lines.ts';

export interface LoggerConfig {
  level: string;
  format: 'json' | 'text';
  /** stdout, stderr or a file's path */
  output: string;
  /** file and line of the caller on each line; costs a stack trace each */
  addSource: boolean;
  /** share of debug and info lines that is kept; warnings and errors always are */
  sampleRate: number;
}

const warnLevel = 40;

/**
 * A logger: one JSON object a line with `time` (ISO, UTC), `level` by name, `service`, the fields of the log context
 * (request, trace, change, step …), those of the call, and `msg`. Secrets are taken out of fields and texts alike.
 * `child({ module, operation, entity })` gives a logger with fixed fields.
 */
export function createLogger(
  config: LoggerConfig,
  base: { service: string },
  to?: DestinationStream,
): Logger {
  const options: LoggerOptions = {
    level: config.level,
    base: { service: base.service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label) => ({ level: label }),
      bindings: (bindings) => redact(bindings) as Record<string, unknown>,
      log: (fields) => redact(fields) as Record<string, unknown>,
    },
    // errors are made plain, and redacted, by `formatters.log`
    serializers: { err: (error: unknown) => error, error: (error: unknown) => error },
    mixin: () => ({
      ...traceFields(),
      ...currentLogFields(),
      ...(config.addSource ? { source: callerSource() } : {}),
    }),
    // what the call says wins over the context
    mixinMergeStrategy: (fields, context) => ({ ...context, ...fields }),
    hooks: {
      logMethod(args, method, level) {
        if (level < warnLevel && !isSampled(config.sampleRate)) return;
        const [fields, ...rest] = args as unknown[];
        const first = typeof fields === 'string' ? redactText(fields) : fields;
        const texts = rest.map((part) =>
          typeof part === 'string' ? redactText(part) : redact(part),
        );
        method.apply(this, [first, ...texts] as Parameters<typeof method>);
      },
    },
  };
  const destination = to ?? destinationOf(config.output);
  return withRedactedChildren(
    pino(options, config.format === 'text' ? textLines(destination) : visibleLines(destination)),
  );
}

/** pino calls `formatters.bindings` for the first logger only; children inherit this method. */
function withRedactedChildren(logger: Logger): Logger {
  const child = Reflect.get(logger, 'child') as unknown as (...args: unknown[]) => Logger;
  Reflect.set(
    logger,
    'child',
    function redactedChild(this: Logger, bindings: Bindings, options?: object) {
      return Reflect.apply(child, this, [redact(bindings), options]);
    },
  );
  return logger;
}

function destinationOf(output: string): DestinationStream {
  if (output === 'stdout') return pino.destination({ dest: 1, sync: true });
  if (output === 'stderr') return pino.destination({ dest: 2, sync: true });
  return pino.destination({ dest: output, sync: true, mkdir: true });
}

function traceFields(): { trace_id?: string; span_id?: string } {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}

/** Lines of one trace are kept or dropped together. */
function isSampled(rate: number): boolean {
  if (rate >= 1) return true;
  const traceId = trace.getActiveSpan()?.spanContext().traceId;
  const draw =
    traceId === undefined ? Math.random() : parseInt(traceId.slice(-8), 16) / 0x1_0000_0000;
  return draw < rate;
}

/** The first frame that is neither pino's nor this folder's. */
function callerSource(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 20;
  const frames = (new Error().stack ?? '').split('\n').slice(1);
  Error.stackTraceLimit = limit;
  const frame = frames.find((line) => !/[\\/]pino[\\/]|[\\/]create-logger\.ts|node:/.test(line));
  const place = /\(?((?:file:\/\/)?\/?[^()\s]+:\d+):\d+\)?$/.exec(frame ?? '');
  return place?.[1]?.replace(/^.*[\\/](?=[^\\/]+[\\/][^\\/]+$)/, '');
}
