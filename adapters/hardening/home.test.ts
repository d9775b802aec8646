import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hardenHome } from './home.mjs';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'harden-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function folder(name: string, mode: number): Promise<string> {
  const dir = join(root, name);
  await mkdir(dir, { recursive: true });
  await chmod(dir, mode);
  return dir;
}
const modeOf = async (place: string) => (await stat(place)).mode & 0o7777;

describe('folders that are configured outside of the home', () => {
  it('are closed to others [A-SEC-01]', async () => {
    const home = await folder('home', 0o755);
    const repositories = await folder('repositories', 0o755);
    expect(await hardenHome(home, [repositories])).toEqual([]);
    expect([await modeOf(home), await modeOf(repositories)]).toEqual([0o711, 0o700]);
  });

  it('stay as they are where everybody has things, and that is said [A-SEC-01]', async () => {
    const home = await folder('home', 0o755);
    const shared = await folder('shared', 0o1777);
    const problems = await hardenHome(home, [shared]);
    expect(problems).toEqual([expect.stringContaining(`${shared} stays open`)]);
    expect(await modeOf(shared)).toBe(0o1777);
  });

  it('are passed through where they hold the home, for Postgres is another user [A-SEC-01]', async () => {
    const home = await folder('all/home', 0o755);
    const around = await folder('all', 0o755);
    expect(await hardenHome(home, [around, home])).toEqual([]);
    expect([await modeOf(around), await modeOf(home)]).toEqual([0o711, 0o711]);
  });
});
