import assert from 'node:assert/strict';
import { appendFile, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { LinkStore } from '../src/store.mjs';
import { tempFile } from './helpers.mjs';

test('links and visits survive a restart', async (t) => {
  const path = await tempFile(t, 'deep/folder/links.jsonl');
  const first = await LinkStore.open(path);
  await first.add({ slug: 'docs', url: 'https://example.com/docs' });
  await first.hit('docs');
  await first.close();

  const second = await LinkStore.open(path);
  t.after(() => second.close());
  assert.equal(second.find('docs')?.url, 'https://example.com/docs');
  assert.equal(second.find('docs')?.hits, 1);
});

test('a line cut short by a crash is dropped and the file goes on cleanly', async (t) => {
  const path = await tempFile(t);
  const first = await LinkStore.open(path);
  await first.add({ slug: 'one', url: 'https://example.com/1' });
  await first.close();
  await appendFile(path, '{"type":"added","slug":"tw');

  const second = await LinkStore.open(path);
  await second.add({ slug: 'three', url: 'https://example.com/ü' });
  await second.close();

  const third = await LinkStore.open(path);
  t.after(() => third.close());
  assert.deepEqual(
    third.list().map((link) => link.slug),
    ['one', 'three'],
  );
  assert.equal((await readFile(path, 'utf8')).trimEnd().split('\n').length, 2);
});

test('fifty writers at once leave fifty whole lines', async (t) => {
  const path = await tempFile(t);
  const store = await LinkStore.open(path);
  t.after(() => store.close());
  await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      store.add({ slug: `s${i}`, url: `https://example.com/${i}` }),
    ),
  );
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  assert.equal(new Set(lines.map((line) => JSON.parse(line).slug)).size, 50);
});
