import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Span {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  kind: number;
}

/** An OTLP/HTTP receiver that keeps what it is sent; the SDK sends JSON. */
export class Collector {
  readonly spans: Span[] = [];
  readonly services = new Set<string>();
  requests = 0;
  private server: Server | undefined;

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        this.requests += 1;
        this.take(JSON.parse(Buffer.concat(parts).toString()) as ExportRequest);
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
    await new Promise<void>((resolve) => this.server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${String((this.server?.address() as AddressInfo).port)}/`;
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  private take(body: ExportRequest): void {
    for (const { resource, scopeSpans } of body.resourceSpans) {
      for (const { key, value } of resource.attributes) {
        if (key === 'service.name') this.services.add(value.stringValue);
      }
      for (const { spans } of scopeSpans) this.spans.push(...spans);
    }
  }
}

interface ExportRequest {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue: string } }[] };
    scopeSpans: { spans: Span[] }[];
  }[];
}
