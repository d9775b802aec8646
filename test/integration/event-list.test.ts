import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { createTestProject, createTestUser } from '../support/callers.ts';
import { bindTestRole, createTestToken, startTestApi, type TestApi } from '../support/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(240_000);

let test: TestDatabase;
let api: TestApi;
let owner: { id: string; token: string; tokenId: string };
let project: string;

beforeAll(async () => {
  test = await createTestDatabase({ max: 20 });
  api = await startTestApi(test);
  const user = await createTestUser(test.db);
  const { id: tokenId, token } = await createTestToken(test.db, user.id);
  project = (await createTestProject(test.db, user.id)).id;
  await bindTestRole(test.db, user.id, 'maintainer', project);
  owner = { id: user.id, token, tokenId };
});

afterAll(async () => {
  await api.stop();
  await test.drop();
});

function publish(projectId: string | null, message: string, payload: object = {}): Promise<string> {
  const type = 'project.updated' as const;
  return inTransaction(test.db, (tx) => publishEvent(tx, { type, projectId, message, payload }));
}

describe('GET /api/v1/events as a list', () => {
  it('lists the newest first, page by page, with a next link [A-EVT-04]', async () => {
    const mine = (await createTestProject(test.db, owner.id)).id;
    await bindTestRole(test.db, owner.id, 'maintainer', mine);
    for (let i = 0; i < 5; i += 1) await publish(mine, `e${i}`);
    const headers = { accept: 'application/json' };
    const seen: string[] = [];
    let path: string | undefined = `/api/v1/events?project=${mine}&limit=2`;
    let pages = 0;
    while (path !== undefined) {
      const response = await api.get(path, owner.token, headers);
      const { items } = (await response.json()) as { items: { message: string }[] };
      seen.push(...items.map((item) => item.message));
      path = /<(.+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
      pages += 1;
    }
    expect(seen).toEqual(['e4', 'e3', 'e2', 'e1', 'e0']);
    expect(pages).toBe(3);
  });

  it('is what a client gets that does not ask for the stream: it need not wait for an end [A-EVT-04]', async () => {
    await publish(project, 'listed');
    for (const headers of [undefined, { accept: '*/*' }]) {
      const left = new AbortController();
      const response = await fetch(`${api.baseUrl}/api/v1/events?project=${project}&limit=1`, {
        headers: { authorization: `Bearer ${owner.token}`, ...headers },
        signal: left.signal,
      });
      const type = response.headers.get('content-type');
      if (type?.includes('json') !== true) left.abort();
      expect(type).toContain('application/json');
      expect(await response.json()).toMatchObject({ items: [{ message: 'listed' }] });
    }
    const both = new AbortController();
    const stream = await fetch(`${api.baseUrl}/api/v1/events`, {
      headers: {
        authorization: `Bearer ${owner.token}`,
        accept: 'application/json, text/event-stream',
      },
      signal: both.signal,
    });
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    both.abort();
  });
});
