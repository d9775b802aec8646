import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../src/app.mjs';
import { LinkStore } from '../src/store.mjs';

/** A folder that is gone after the test. */
export async function tempFile(t, name = 'links.jsonl') {
  const folder = await mkdtemp(join(tmpdir(), 'shortlink-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, name);
}

/** The service on a free port over a fresh store, stopped after the test. */
export async function startService(t) {
  const store = await LinkStore.open(await tempFile(t));
  const server = createServer(createApp(store));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    await store.close();
  });
  const base = `http://127.0.0.1:${server.address().port}`;
  const post = (body) =>
    fetch(`${base}/links`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return { base, post };
}
