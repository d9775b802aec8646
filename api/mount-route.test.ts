import { beforeAll, describe, expect, it } from '@jest/globals';
import { OpenAPIHono, z } from '@hono/zod-openapi';
import { configSchema } from '../contracts/config.ts';
import { anonymousPrincipal } from '../contracts/identity/principal.ts';
import type { DefinedRoute } from './define-route.ts';
import type { AppEnv } from './env.ts';
import { isPaged } from './middleware/page-link.ts';
import { mountRoute } from './mount-route.ts';
import { changes, Preconditions, recordRoutes } from './preconditions.ts';
import { handleError } from './problems/handlers.ts';
import { routes } from './routes/index.ts';
import type { Services } from './services.ts';

/** Every route as it is declared, but open to anybody and with an answer of the test's own. */
function stub(route: DefinedRoute): DefinedRoute {
  const { request: _request, ...rest } = route;
  return {
    ...rest,
    access: { kind: 'public' },
    handler: (c) => c.json({ items: [], nextCursor: 'next&page', method: route.method }, 200),
  };
}

const stubs = routes.map(stub);
const records = recordRoutes(stubs);
const app = new OpenAPIHono<AppEnv>();

/** An address of the route: each parameter is a word. */
const addressOf = ({ path }: DefinedRoute) => path.replaceAll(/\{\w+\}/g, 'word');

const ask = (route: DefinedRoute, headers: Record<string, string> = {}) =>
  app.request(addressOf(route), {
    method: route.method.toUpperCase(),
    headers,
    ...(changes(route)
      ? { body: '{}', headers: { 'content-type': 'application/json', ...headers } }
      : {}),
  });

beforeAll(() => {
  const gitStore = { forReader: () => gitStore };
  const services = {
    config: configSchema.parse({}),
    log: console,
    db: {},
    gitStore,
  } as unknown as Services;
  app.onError(handleError);
  app.use('*', async (c, next) => {
    c.set('services', services);
    c.set('requestId', 'req_test');
    c.set('ipAddr', null);
    c.set('caller', {
      principal: anonymousPrincipal,
      request: { requestId: 'req_test', ipAddr: null, traceparent: null },
    });
    await next();
  });
  const mounting = { config: services.config, preconditions: new Preconditions(stubs) };
  for (const route of stubs) mountRoute(app, route, mounting);
});

describe('every operation that changes something', () => {
  const changing = stubs.filter((route) => changes(route) && !route.raw);

  it.each(changing.map((route) => [route.method, route.path, route] as const))(
    'is done only to the version that If-Match names: %s %s',
    async (_method, _path, route) => {
      const stale = await ask(route, { 'if-match': '"zzz"' });
      expect(stale.status).toBe(412);
      expect(await stale.json()).toMatchObject({ code: 'precondition_failed' });
      expect((await ask(route)).status).toBe(200);
      expect((await ask(route, { 'if-match': '*' })).status).toBe(200);
      const record = records.get(route.routingPath ?? route.path);
      if (record === undefined || route.method === 'post') return;
      const tag = (await ask(record)).headers.get('etag') ?? '';
      expect(tag).toMatch(/^"[\w-]+"$/);
      expect((await ask(route, { 'if-match': `"zzz", ${tag}` })).status).toBe(200);
      expect((await ask(route, { 'if-match': `W/${tag}` })).status).toBe(200);
      expect((await ask(route, { 'if-none-match': '*' })).status).toBe(412);
      expect((await ask(record, { 'if-none-match': tag })).status).toBe(304);
    },
  );
});

describe('every list', () => {
  const paged = stubs.filter(isPaged);

  it('that takes a cursor tells the next one', () => {
    const takesCursor = routes.filter(
      ({ request }) => request?.query instanceof z.ZodObject && 'cursor' in request.query.shape,
    );
    expect(takesCursor.length).toBeGreaterThan(20);
    const told = new Set(paged.map(({ path }) => path));
    expect(takesCursor.filter(({ path }) => !told.has(path))).toEqual([]);
  });

  it.each(paged.map((route) => [route.path, route] as const))(
    'has a Link to its next page: %s',
    async (_path, route) => {
      const answer = await app.request(`${addressOf(route)}?limit=2&offset=4&q=a%26b`, {
        headers: { accept: 'application/json' },
      });
      const next = `${addressOf(route)}?limit=2&q=a%26b&cursor=next%26page`;
      expect(answer.headers.get('link')).toBe(`<${next}>; rel="next"`);
    },
  );
});
