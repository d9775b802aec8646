import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, holds } from '../support/eventually.ts';
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
}, 240_000);

afterAll(async () => {
  await work.remove();
  await slipway.stop();
  collector.stop();
}, 240_000);

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
    const stepSpans = () => collector.spans.filter((span) => span.name === 'runStep');
    // each process sends its spans when it comes to it
    await holds(() => {
      const traceId = stepSpans()[0]?.traceId;
      expect(stepSpans().map((span) => span.traceId)).toEqual([traceId, traceId]);
      const ours = collector.spans.filter((span) => span.traceId === traceId);
      expect(ours.map((span) => span.name)).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^POST .*git-receive-pack/),
          'start pipelineRunWorkflow',
          'preparePipeline',
          'runStep',
          'finishPipeline',
        ]),
      );
    });
    const told = () =>
      slipway
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const ofTheApi = { service: 'api', trace_id: stepSpans()[0]?.traceId };
    await holds(() => expect(told()).toContainEqual(expect.objectContaining(ofTheApi)));
    // each line of both processes is JSON with level and ISO time
    expect(told().length).toBeGreaterThan(5);
    for (const line of told()) {
      expect(line).toMatchObject({
        level: expect.any(String),
        time: expect.stringMatching(/^\d{4}-.*Z$/),
      });
    }
  }, 240_000);

  it('leaves the rate of spans flat once nothing happens [A-LOG-04]', async () => {
    // The last ones of the push may come late: one stretch of silence is what there has to be.
    await holds(async () => {
      const before = collector.spans.length;
      await new Promise((resolve) => setTimeout(resolve, 11_000));
      expect(collector.spans.length - before).toBeLessThan(5);
    }, 120_000);
    // the exports of the spans above were requests as well, and made none
    expect(collector.requests).toBeGreaterThan(0);
  }, 240_000);
});
