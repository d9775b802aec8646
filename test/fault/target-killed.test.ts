import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalTarget } from '../../adapters/local-target/local-target.ts';
import { createMasker } from '../../domain/pipeline/mask.ts';
import { memoryImages, packApp } from '../support/deploy-app.ts';
import { eventually } from '../support/eventually.ts';
import { untilGone, untilThere } from '../support/marked-processes.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { bundleTargetRunner, startTargetRunner } from '../support/target-process.ts';

const kills = 5;

describe('the process that holds the local target is killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-killed-'));
  let runner: string;

  beforeAll(async () => {
    runner = await bundleTargetRunner(folder);
  }, 240_000);
  afterAll(() => removeFolder(folder));

  it(`leaves no process behind, ${kills} times, and what ran comes back at its address [A-DEP-14]`, async () => {
    const marker = `target-${String(process.pid)}-marker`;
    const root = join(folder, 'apps');
    const urls = new Set<string>();
    for (let round = 0; round < kills; round += 1) {
      const { child, url } = await startTargetRunner(runner, [root, marker]);
      urls.add(url);
      expect(await (await fetch(url)).text()).toBe('v1');
      await untilThere(`server.js ${marker}`, 2);
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      await untilGone(`server.js ${marker}`, `slipway-${String(child.pid)}-`);
    }
    expect(urls.size).toBe(1);
    const images = memoryImages();
    images.add(packApp());
    const target = await openLocalTarget({ root, images, masker: createMasker });
    const [url = ''] = urls;
    const answered = await eventually(async () => {
      const response = await fetch(url);
      return response.ok ? response.text() : undefined;
    }, 60_000);
    expect(answered).toBe('v1');
    await target.close();
    await untilGone(`server.js ${marker}`);
  }, 240_000);
});
