import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createFileStore } from '../../adapters/object-store/file-store.ts';
import { storeArtifacts } from '../../domain/pipeline/store-artifacts.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { openAttackLedger } from '../support/attack-ledger.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { eventually } from '../support/eventually.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

const ledger = openAttackLedger('odd-bytes', 'answers broken off');
let slipway: Slipway;
let tree: WorkTree;
let runId: string;

/** A project with a repository and a run whose artifact holds large and small files. */
beforeAll(async () => {
  slipway = await startSlipway({ workers: false });
  const { db } = slipway.database;
  const made = await slipway.request('POST', '/api/v1/projects', { name: 'large' });
  const { id: projectId } = made.body as { id: string };
  tree = await makeWorkTree(`${slipway.baseUrl}/admin/large.git`, slipway.adminToken);
  const big = randomBytes(8 * 1024 * 1024);
  await tree.write({ 'big.bin': big.toString('base64') });
  await tree.commit('big');
  await tree.git('push', '-q', 'origin', 'main');
  runId = newId('pipeline');
  const of = { projectId, changeId: newId('change'), number: 1, gitRef: 'refs/heads/main' };
  await db.pipeline.create({ data: { id: runId, ...of, trigger: 'api', status: 'success' } });
  const store = createFileStore(path.join(slipway.home, 'objects'));
  const bodies = [big, Buffer.from('small'), big, Buffer.from('small too')];
  const files = async function* () {
    for (const [at, body] of bodies.entries()) {
      yield await Promise.resolve({
        ...{ path: `f${String(at)}`, size: body.length, mode: 0o644 },
        stream: Readable.from([body], { objectMode: false }),
      });
    }
  };
  const set = { pipelineId: runId, stepName: 'build', name: 'out', expiresAt: null };
  await storeArtifacts(db, store, set, files());
}, 240_000);
afterAll(async () => {
  ledger.close();
  await tree.remove();
  await slipway.stop();
});

/** Reads the first bytes of an answer and goes away. @returns its status */
async function breakOff(
  pathname: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<number> {
  return await new Promise((resolve, reject) => {
    const asked = request(`${slipway.baseUrl}${pathname}`, {
      ...{ agent: false, method },
      headers: { authorization: `Bearer ${slipway.adminToken}`, ...headers },
    });
    asked.on('response', (response) => {
      response.once('readable', () => {
        response.read(1);
        asked.destroy();
      });
      response.on('error', () => undefined);
      response.once('close', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('an answer whose reader goes away', () => {
  it('ends no process, whatever was being sent [A-CORE-03]', async () => {
    const artifacts = (await slipway.request('GET', `/api/v1/pipelines/${runId}/artifacts`)).body;
    const [first] = (artifacts as { items: { id: string }[] }).items;
    const project = '/api/v1/projects/admin/large';
    const streams: [string, Record<string, string>?][] = [
      [`/api/v1/pipelines/${runId}/steps/build/artifacts/out/archive`],
      [`/api/v1/artifacts/${first?.id ?? ''}/content`],
      [`${project}/raw?ref=main&path=big.bin`],
      [`${project}/archive?ref=main`],
      ['/admin/large.git/info/refs?service=git-upload-pack', { 'git-protocol': 'version=2' }],
      ['/api/v1/events', { accept: 'text/event-stream' }],
    ];
    const pid = slipway.pid('api');
    const said: [string, number][] = [];
    for (const [pathname, headers] of streams) {
      for (let times = 0; times < 3; times += 1) {
        said.push([pathname, await breakOff(pathname, headers)]);
        ledger.note(true);
      }
    }
    // what nobody waits for fails a moment later
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(said.filter(([, status]) => status !== 200)).toEqual([]);
    expect((await slipway.request('GET', project)).status).toBe(200);
    expect([slipway.pid('api'), slipway.output()]).toEqual([
      pid,
      expect.not.stringContaining('nobody reads'),
    ]);
  });

  it('leaves no stream of events behind, asked for by its head alone or many at once on one connection [A-CORE-03]', async () => {
    const streams = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${slipway.adminToken}` };
      const text = await (await fetch(`${slipway.baseUrl}/metrics`, { headers })).text();
      return Number(/^slipway_event_streams (\d+)$/m.exec(text)?.[1]);
    };
    const accept = { accept: 'text/event-stream' };
    for (let times = 0; times < 20; times += 1) {
      expect(await breakOff('/api/v1/events', accept, 'HEAD')).toBe(200);
      ledger.note(true);
    }
    const { hostname, port } = new URL(slipway.baseUrl);
    const lines = [
      'GET /api/v1/events HTTP/1.1',
      `Host: ${hostname}:${port}`,
      `Authorization: Bearer ${slipway.adminToken}`,
      'Accept: text/event-stream',
    ];
    for (const count of [10, 60]) {
      const client = connect(Number(port), hostname).on('error', () => undefined);
      client.write(`${lines.join('\r\n')}\r\n\r\n`.repeat(count));
      // so many that the server ends the connection at once, or its first words
      await Promise.race([once(client, 'data'), once(client, 'close')]);
      await new Promise((resolve) => setTimeout(resolve, 100));
      client.destroy();
      ledger.note(true);
    }
    await eventually(async () => ((await streams()) === 0 ? true : undefined), 10_000);
  });
});
