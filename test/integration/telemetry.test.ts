import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { Worker } from '@temporalio/worker';
import { Hono } from 'hono';
import { createSecretBox } from '../../adapters/secret-box/secret-box.ts';
import { createLogger } from '../../adapters/telemetry/create-logger.ts';
import { observeDb } from '../../adapters/telemetry/observe-db.ts';
import { continueTrace } from '../../adapters/telemetry/spans.ts';
import { startTracing, type Tracing } from '../../adapters/telemetry/start-tracing.ts';
import { tracingMiddleware } from '../../adapters/telemetry/tracing-middleware.ts';
import { connectTemporal, connectWorker } from '../../adapters/temporal/connect-temporal.ts';
import { dataConverter } from '../../adapters/temporal/data-converter.ts';
import {
  clientInterceptors,
  workerInterceptors,
} from '../../adapters/temporal/trace-interceptors.ts';
import { readableSummary } from '../../contracts/readable-summary.ts';
import { canaryForms } from '../support/canaries.ts';
import { Collector } from '../support/otlp-collector.ts';
import { bundleProbeWorkflow } from '../support/probe-workflow.mjs';
import { startTestApi } from '../support/test-api.ts';
import { testNamespace } from '../support/temporal.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const collector = new Collector();
let tracing: Tracing;
let database: TestDatabase;
const lines: Record<string, unknown>[] = [];
const log = createLogger(
  { level: 'info', format: 'json', output: 'stdout', addSource: false, sampleRate: 1 },
  { service: 'test' },
  { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
);

beforeAll(async () => {
  database = await createTestDatabase();
  tracing = await startTracing({
    otlpEndpoint: await collector.start(),
    serviceName: 'slipway-test',
    version: '1',
  });
});

afterAll(async () => {
  collector.stop();
  await database.drop();
});

describe('tracing', () => {
  it('makes one trace of a request, its queries, the workflow it starts and the activity that runs [A-LOG-03] [B-LOG-05]', async () => {
    const { address, namespace } = await testNamespace();
    const box = createSecretBox({ kind: 'key', bytes: Buffer.alloc(32, 3), origin: 'configured' });
    const canary = 'Payload-Canary-5521';
    const converter = dataConverter(box, 'worker');
    const connection = await connectWorker({ address, namespace });
    const temporal = connectTemporal(
      { address, namespace },
      { dataConverter: converter, interceptors: clientInterceptors() },
    );
    const taskQueue = `telemetry-${String(process.pid)}-${String(Date.now())}`;
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue,
      workflowBundle: await bundleProbeWorkflow(),
      dataConverter: converter,
      interceptors: workerInterceptors(),
      activities: {
        probe: ({ pipelineId, secret }: { pipelineId: string; secret: string }) => {
          log.info({}, 'in the activity');
          if (pipelineId === 'fail') throw new Error(`the value was ${secret}`);
          return Promise.resolve({ echoed: secret });
        },
      },
    });
    const db = observeDb(database.db, { log, thresholdMs: 60_000 });
    const app = new Hono();
    app.use('*', tracingMiddleware());
    app.get('/start/:id', async (c) => {
      log.info({}, 'in the request');
      await db.user.count();
      // as the dispatcher does it: later, from the event's traceparent
      const traceparent = c.get('traceparent' as never) as string;
      await continueTrace(traceparent, {}, async () => {
        const handle = await temporal.client.workflow.start('probeWorkflow', {
          taskQueue,
          workflowId: `probe-${c.req.param('id')}-${taskQueue}`,
          args: [{ pipelineId: c.req.param('id'), secret: canary }],
          staticSummary: readableSummary('demo #1 · main'),
        });
        await handle.result().catch(() => undefined);
      });
      return c.text('ok');
    });
    await worker.runUntil(async () => {
      await app.request('/start/ok', {
        headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
      });
      await app.request('/start/fail');
    });
    const histories = await Promise.all(
      ['ok', 'fail'].map(
        async (id) =>
          await temporal.client.workflow.getHandle(`probe-${id}-${taskQueue}`).fetchHistory(),
      ),
    );
    await temporal.close();
    await connection.close();
    await tracing.shutdown();

    const ours = collector.spans.filter((span) => span.traceId === 'a'.repeat(32));
    const byName = new Map(ours.map((span) => [span.name, span]));
    const server = byName.get('GET /start/:id');
    expect(server?.parentSpanId).toBe('b'.repeat(16));
    expect(byName.get('User.count')?.parentSpanId).toBe(server?.spanId);
    expect(byName.get('start probeWorkflow')?.parentSpanId).toBe(server?.spanId);
    expect(byName.get('probe')?.parentSpanId).toBe(byName.get('start probeWorkflow')?.spanId);
    expect(collector.services).toEqual(new Set(['slipway-test']));
    const told = lines
      .filter((line) => line['trace_id'] === 'a'.repeat(32))
      .map((line) => line['msg']);
    expect(told).toEqual(['in the request', 'in the activity']);
    expect(lines.find((line) => line['msg'] === 'in the activity')).toMatchObject({
      pipeline_id: 'ok',
      activity: 'probe',
    });

    // what Temporal stores: a readable summary, and nothing of the values, also not in the failure's message
    const stored = JSON.stringify(histories, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    );
    expect(stored).toContain('probeWorkflow');
    for (const form of canaryForms(canary)) expect(stored).not.toContain(form);
    const summary = histories[0]?.events?.[0]?.userMetadata?.summary?.data ?? new Uint8Array();
    expect(Buffer.from(summary).toString()).toContain('demo #1 · main');
  }, 240_000);

  it('does not trace the ingest, so a platform that sends to itself does not feed itself [A-LOG-04]', async () => {
    const app = new Hono();
    app.use('*', tracingMiddleware());
    app.all('*', (c) => c.json({ traced: trace.getActiveSpan() !== undefined }));
    for (const path of ['/v1/traces', '/v1/logs', '/metrics', '/readyz']) {
      expect(await (await app.request(path, { method: 'POST' })).json()).toEqual({ traced: false });
    }
    expect(await (await app.request('/api/v1/projects')).json()).toEqual({ traced: true });
  });
});

describe('the HTTP log', () => {
  it('has a line for each request, joined to its trace, and none for probes [B-LOG-02] [B-LOG-04]', async () => {
    const api = await startTestApi(database, {
      services: { log, observeRequests: tracingMiddleware() },
    });
    const from = lines.length;
    await fetch(`${api.baseUrl}/health`);
    await fetch(`${api.baseUrl}/metrics`);
    await fetch(`${api.baseUrl}/readyz`);
    expect(lines.slice(from)).toEqual([]);
    const token = 'query-canary';
    await fetch(`${api.baseUrl}/api/v1/pipelines/run_none/steps?token=${token}`, {
      headers: { traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01` },
    });
    await api.stop();
    const [line] = lines.slice(from);
    expect(line).toMatchObject({
      level: 'info',
      module: 'api',
      operation: 'GET /api/v1/pipelines/:id/steps',
      method: 'GET',
      path: '/api/v1/pipelines/run_none/steps',
      status: 401,
      trace_id: 'c'.repeat(32),
    });
    expect(String(line?.['request_id'])).toMatch(/^req_/);
    expect(Number(line?.['durationMs'])).toBeGreaterThanOrEqual(0);
    expect(JSON.stringify(lines)).not.toContain(token);
  });
});

describe('slow queries', () => {
  it('are warned of, by name and duration, without their arguments [B-LOG-01]', async () => {
    const fast = observeDb(database.db, { log, thresholdMs: 60_000 });
    await fast.$queryRaw`SELECT 1`;
    const db = observeDb(database.db, { log, thresholdMs: 100 });
    await db.$queryRaw`SELECT pg_sleep(0.15)::text, ${'argument-canary'}::text`;
    const slow = lines.filter((line) => line['operation'] === '$queryRaw');
    expect(slow).toHaveLength(1);
    expect(slow[0]).toMatchObject({ level: 'warn', msg: 'slow query', module: 'database' });
    expect(Number(slow[0]?.['durationMs'])).toBeGreaterThanOrEqual(140);
    expect(JSON.stringify(lines)).not.toContain('argument-canary');
  });

  it('are seen inside transactions too', async () => {
    const db = observeDb(database.db, { log, thresholdMs: 100 });
    const before = lines.length;
    await db.$transaction(async (tx) => await tx.$queryRaw`SELECT pg_sleep(0.12)::text`);
    expect(lines.slice(before).some((line) => line['msg'] === 'slow query')).toBe(true);
  });
});
