import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanProcessor,
  AlwaysOnSampler,
} from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';

export interface TracingOptions {
  /** base address of an OTLP/HTTP receiver; null = nothing is sent, but trace ids still join log lines */
  otlpEndpoint: string | null;
  serviceName: string;
  version: string;
}

export interface Tracing {
  /** Sends what is left; at most 5 s. */
  shutdown(): Promise<void>;
}

/**
 * Starts tracing for this process. Spans are sent in batches; a receiver that is away costs spans, never requests.
 * The exporter's own requests make no spans, so a platform that sends to its own ingest does not feed itself.
 */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const { otlpEndpoint, serviceName, version } = options;
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      [ATTR_SERVICE_NAME]: serviceName,
      [ATTR_SERVICE_VERSION]: version,
    }),
    ...(otlpEndpoint === null
      ? { sampler: new AlwaysOffSampler() }
      : {
          // a caller that does not sample must not blind us to our own work
          sampler: new ParentBasedSampler({
            root: new AlwaysOnSampler(),
            remoteParentNotSampled: new AlwaysOnSampler(),
          }),
          spanProcessors: [await exporterTo(otlpEndpoint)],
        }),
  });
  provider.register();
  return {
    async shutdown() {
      const deadline = new Promise<void>((resolve) => {
        setTimeout(resolve, 5000).unref();
      });
      await Promise.race([provider.shutdown().catch(() => undefined), deadline]);
    },
  };
}

async function exporterTo(endpoint: string): Promise<SpanProcessor> {
  // only an installation that sends spans pays for it
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  return new BatchSpanProcessor(new OTLPTraceExporter({ url: tracesUrl(endpoint) }));
}

function tracesUrl(endpoint: string): string {
  return `${endpoint.replace(/\/+$/, '')}/v1/traces`;
}
