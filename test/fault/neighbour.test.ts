import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { descendantsOf } from '../../adapters/sandbox/instance.ts';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import {
  canBeAnother,
  everythingIn,
  reachedByAnother,
  watchCommandLines,
} from '../support/other-account.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

const asAnother = canBeAnother ? it : it.skip;
const secret = 'neighbour-secret-4711';
const definition = `
steps:
  - name: look
    env: { TOKEN: "\${{ secrets.TOKEN }}" }
    commands: ["ls -l /proc/self/fd", "sleep 2", "echo kept > kept.txt"]
    artifacts: [{ name: kept, path: kept.txt }]
`;

let folder: string;
let home: string;
let slipway: Slipway;
let work: WorkTree;
let runId: string;
let lines: string[] = [];

/** A home as the version before this rule left it, with its modes. */
async function homeOfBefore(): Promise<string> {
  const place = await mkdtemp(path.join(folder, 'home-'));
  const files = {
    'projects/somebody/private.git/HEAD': 0o644,
    'objects/objects/abc/pipelines!run_1!log': 0o600,
    'logs/api.log': 0o640,
    'workspaces/run_1/base/file': 0o644,
    'run/ports.json': 0o644,
    'apps/layers/abc/layer.json': 0o644,
    'hooks/pre-receive': 0o755,
    'temporal/temporal.db': 0o644,
    'host-id': 0o644,
    'master-key': 0o600,
  };
  for (const [name, mode] of Object.entries(files)) {
    const file = path.join(place, name);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
    const text = name === 'master-key' ? Buffer.alloc(32, 7).toString('base64') : 'old';
    await writeFile(file, `${text}\n`);
    await chmod(file, mode);
  }
  await chmod(place, 0o755);
  return place;
}

async function runToGreen(): Promise<string> {
  await work.write({ '.platform.yaml': definition });
  const sha = await work.commit('look around');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
  const run = await eventually(async () => {
    const page = await slipway.request('GET', '/api/v1/projects/admin/hidden-name/pipelines');
    const { items } = page.body as { items: { id: string; commitSha: string; status: string }[] };
    const found = items.find(({ commitSha }) => commitSha === sha);
    return ['pending', 'running', undefined].includes(found?.status) ? undefined : found;
  }, 120_000);
  const log = await slipway.request('GET', `/api/v1/pipelines/${run.id}/steps/look/logs`);
  expect([run, log.body]).toMatchObject([{ status: 'success' }, expect.any(String)]);
  return run.id;
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-neighbour-'));
  await chmod(folder, 0o755);
  home = await homeOfBefore();
  const probe = path.join(folder, 'left-open');
  await writeFile(probe, 'of whoever started Slipway');
  // Whoever starts it has a file open that has nothing to do with it.
  const through = ['bash', '-c', `exec 77<${probe}; exec "$@"`, 'through'];
  slipway = await startSlipway({ home, through });
  await slipway.request('POST', '/api/v1/projects', { name: 'hidden-name' });
  const put = await slipway.request('PUT', '/api/v1/projects/admin/hidden-name/secrets/TOKEN', {
    value: secret,
    scope: 'pipeline',
  });
  expect(put.status).toBeLessThan(300);
  work = await makeWorkTree(`${slipway.baseUrl}/admin/hidden-name.git`, slipway.adminToken);
  const watching = canBeAnother ? watchCommandLines() : null;
  runId = await runToGreen();
  lines = (await watching?.end()) ?? [];
}, 240_000);
afterAll(async () => {
  await work.remove();
  await slipway.stop();
  await removeFolder(folder);
}, 240_000);

describe('what another account of this machine sees', () => {
  asAnother('lists and reads nothing of a home that was open to all before [A-SEC-01]', () => {
    const places = everythingIn(home);
    expect(places.length).toBeGreaterThan(40);
    expect(places.filter((place) => place.includes('hidden-name'))).not.toEqual([]);
    expect(reachedByAnother(places)).toEqual([]);
  });

  it('closes a home of before at its doors, and lets the user of Postgres pass [A-SEC-01]', async () => {
    const modes = async (names: string[]) =>
      Promise.all(names.map(async (name) => (await stat(path.join(home, name))).mode & 0o777));
    expect(await modes(['.', 'projects', 'logs', 'hooks', 'host-id'])).toEqual([
      0o711, 0o700, 0o700, 0o700, 0o600,
    ]);
    // What is made from now on is closed by itself as well.
    expect(await modes(['projects/admin', 'projects/admin/hidden-name.git'])).toEqual([
      0o700, 0o700,
    ]);
  });

  asAnother('finds no run, secret or token in a command line [A-SEC-01]', () => {
    // The client that pushed is on this machine too.
    const ours = lines.filter((line) => !/^git |git-core|git-remote-http/.test(line));
    expect(ours.filter((line) => line.includes('bwrap')).length).toBeGreaterThan(0);
    for (const hidden of [runId, secret, slipway.adminToken, 'hidden-name']) {
      expect(ours.filter((line) => line.includes(hidden))).toEqual([]);
    }
  });
});

describe('what a step inherits', () => {
  it('sees no descriptor that whoever started Slipway left open [A-PIPE-05]', async () => {
    const log = await slipway.request('GET', `/api/v1/pipelines/${runId}/steps/look/logs`);
    const links = [...String(log.body).matchAll(/ (\d+) -> (.+)/g)].map(([, fd = '']) => fd);
    // The fourth is the folder that ls reads.
    expect(links).toEqual(['0', '1', '2', '3']);
  });

  it('reaches no other child of ours either [A-PIPE-05]', async () => {
    const ours = [slipway.pid('api'), slipway.pid('workers')];
    const all = [...ours, ...(await Promise.all(ours.map(descendantsOf))).flat()];
    expect(all.length).toBeGreaterThan(3);
    const open = all.flatMap((pid) => {
      const dir = `/proc/${String(pid)}/fd`;
      try {
        return readdirSync(dir).map((fd) => readlinkSync(path.join(dir, fd)));
      } catch {
        return [];
      }
    });
    expect(open.filter((target) => target.includes('left-open'))).toEqual([]);
  });
});
