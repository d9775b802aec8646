import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

const list = '/api/v1/projects/admin/app/egress';
const definition = `
steps:
  - { name: out, commands: ["curl -sS -m 5 http://198.51.100.9:8080/ || true", "getent hosts other.example.test || true"] }
  - { name: closed, network: none, commands: ["true"] }
`;

let slipway: Slipway;
let work: WorkTree;

beforeAll(async () => {
  slipway = await startSlipway();
  await slipway.request('POST', '/api/v1/projects', { name: 'app' });
  work = await makeWorkTree(`${slipway.baseUrl}/admin/app.git`, slipway.adminToken);
}, 240_000);
afterAll(async () => {
  await work.remove();
  await slipway.stop();
}, 240_000);

describe('what steps of a project may reach', () => {
  it('is a list that names each line that is none [A-PROJ-01]', async () => {
    expect((await slipway.request('GET', list)).body).toEqual({ allow: null });
    const refused = await slipway.request('PUT', list, { allow: ['example.org', 'a b'] });
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({ errors: [{ pointer: '#/allow/1' }] });
    const allow = ['registry.example.test:443', '203.0.113.0/24'];
    const put = await slipway.request('PUT', list, { allow });
    expect([put.status, put.body]).toEqual([200, { allow }]);
  });

  it('is kept in a run, whose log and record tell what was refused [A-PIPE-04]', async () => {
    await work.write({ '.platform.yaml': definition });
    const sha = await work.commit('reach out');
    await work.git('push', '--quiet', 'origin', 'HEAD:main');
    const run = await eventually(async () => {
      const page = await slipway.request('GET', '/api/v1/projects/admin/app/pipelines');
      const { items } = page.body as { items: { id: string; commitSha: string; status: string }[] };
      const found = items.find(({ commitSha }) => commitSha === sha);
      return ['pending', 'running', undefined].includes(found?.status) ? undefined : found;
    }, 120_000);
    expect(run.status).toBe('success');
    const steps = `/api/v1/pipelines/${run.id}/steps`;
    const log = await slipway.request('GET', `${steps}/out/logs`);
    expect(String(log.body)).toMatch(/not allowed to reach 198\.51\.100\.9:8080 \(tcp\)/);
    expect(String(log.body)).toMatch(/not allowed to reach other\.example\.test/);
    const record = (await slipway.request('GET', `${steps}/out/egress`)).body;
    expect(record).toMatchObject({
      items: [{ attempt: 1, allow: ['registry.example.test:443', '203.0.113.0/24'], isCut: false }],
    });
    const { entries } = (record as { items: { entries: { target: string; allowed: boolean }[] }[] })
      .items[0] ?? { entries: [] };
    expect(entries).toContainEqual(
      expect.objectContaining({ target: '198.51.100.9', port: 8080, allowed: false }),
    );
    const none = await slipway.request('GET', `${steps}/closed/egress`);
    expect(none.body).toEqual({ items: [] });
  }, 240_000);
});
