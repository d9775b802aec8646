import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startService } from './helpers.mjs';

test('a new link redirects to its address and counts the visit', async (t) => {
  const { base, post } = await startService(t);
  const made = await post({ url: 'https://example.com/a?b=1' });
  assert.equal(made.status, 201);
  const { slug } = await made.json();
  assert.match(slug, /^[\w-]{8}$/);

  const followed = await fetch(`${base}/${slug}`, { redirect: 'manual' });
  assert.equal(followed.status, 302);
  assert.equal(followed.headers.get('location'), 'https://example.com/a?b=1');

  const { links } = await (await fetch(`${base}/links`)).json();
  assert.deepEqual(
    links.map((link) => [link.slug, link.hits]),
    [[slug, 1]],
  );
});

test('an alias is given once, also when two ask at the same moment', async (t) => {
  const { post } = await startService(t);
  const ask = () => post({ url: 'https://example.com', alias: 'home' });
  const answers = await Promise.all([ask(), ask(), ask()]);
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 409, 409]);
});

test('a bad body is refused with a sentence that says what to send', async (t) => {
  const { post } = await startService(t);
  const cases = [
    ['{', 400, /not JSON/],
    [[1], 400, /JSON object/],
    [{}, 422, /"url"/],
    [{ url: 'javascript:alert(1)' }, 422, /http or https/],
    [{ url: 'https://example.com', alias: '../etc' }, 422, /"alias"/],
    [{ url: 'https://example.com', alias: 'links' }, 422, /used by the service/],
    [{ url: `https://example.com/${'x'.repeat(2000)}` }, 422, /2000/],
  ];
  for (const [body, status, sentence] of cases) {
    const answer = await post(body);
    assert.equal(answer.status, status, JSON.stringify(body).slice(0, 60));
    assert.match((await answer.json()).error, sentence);
  }
});

test('a body over the limit is refused before it is read', async (t) => {
  const { post } = await startService(t);
  const answer = await post(JSON.stringify({ url: 'x'.repeat(20_000) }));
  assert.equal(answer.status, 413);
});

test('an unknown link is 404, an unknown method 405', async (t) => {
  const { base } = await startService(t);
  assert.equal((await fetch(`${base}/nothing`)).status, 404);
  assert.equal((await fetch(`${base}/nothing`, { method: 'DELETE' })).status, 405);
});

test('/healthz answers ok', async (t) => {
  const { base } = await startService(t);
  assert.deepEqual(await (await fetch(`${base}/healthz`)).json(), { status: 'ok' });
});
