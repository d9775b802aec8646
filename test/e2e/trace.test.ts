import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { Collector } from '../support/otlp-collector.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

const collector = new Collector();
let slipway: Slipway;
let work: WorkTree;

beforeAll(async () => {
  slipway = await startSlipway({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start() } });
  await slipway.request('POST', '/api/v1/projects', { name: 'app' });
  work = await makeWorkTree(`${slipway.baseUrl}/admin/app.git`, slipway.adminToken);
}, 120_000);

afterAll(async () => {
  await work.remove();
  await slipway.stop();
  collector.stop();
}, 60_000);

describe('a push', () => {
  it('is one trace from the request to the last step, told by both processes in their logs too [A-LOG-03] [B-LOG-05]', async () => {
    await work.write({
      '.platform.yaml':
        'steps:\n  - { name: one, network: none, commands: ["true"] }\n  - { name: two, network: none, commands: ["true"] }\n',
    });
    await work.commit('trace');
    await work.git('push', '--quiet', 'origin', 'HEAD:main');
    await eventually(async () => {
      const page = await slipway.request('GET', '/api/v1/projects/admin/app/pipelines');
      const { items } = page.body as { items: { status: string }[] };
      return items[0]?.status === 'success' ? true : undefined;
    }, 60_000);
    const steps = await eventually(async () => {
      const found = collector.spans.filter((span) => span.name === 'runStep');
      return Promise.resolve(found.length === 2 ? found : undefined);
    }, 20_000);
    const traceId = steps[0]?.traceId;
    const names = collector.spans
      .filter((span) => span.traceId === traceId)
      .map((span) => span.name);
    expect(steps[1]?.traceId).toBe(traceId);
    expect(names).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^POST .*git-receive-pack/),
        'start pipelineRunWorkflow',
        'preparePipeline',
        'runStep',
        'finishPipeline',
      ]),
    );
    const told = slipway
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(told.some((line) => line['service'] === 'api' && line['trace_id'] === traceId)).toBe(
      true,
    );
    // each line of both processes is JSON with level and ISO time
    expect(told.length).toBeGreaterThan(5);
    for (const line of told) {
      expect(line).toMatchObject({
        level: expect.any(String),
        time: expect.stringMatching(/^\d{4}-.*Z$/),
      });
    }
  }, 120_000);

  it('leaves the rate of spans flat once nothing happens [A-LOG-04]', async () => {
    await new Promise((resolve) => setTimeout(resolve, 6000));
    const before = collector.spans.length;
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    // the exports of the spans above were requests as well, and made none
    expect(collector.requests).toBeGreaterThan(0);
    expect(collector.spans.length - before).toBeLessThan(5);
  }, 60_000);
});
