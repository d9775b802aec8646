import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { withDirectAnswers } from './direct-answer.ts';
import type { AppEnv } from './env.ts';
import type { DefinedRoute } from './define-route.ts';
import { accessLog } from './middleware/access-log.ts';
import { compressAnswers } from './middleware/compress-answers.ts';
import { realIp } from './middleware/real-ip.ts';
import { requestId } from './middleware/request-id.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { mountRoute } from './mount-route.ts';
import { openapiDocument } from './openapi-document.ts';
import { mountPages } from './pages/mount-pages.ts';
import { Preconditions } from './preconditions.ts';
import { handleError, handleNotFound, handleValidation } from './problems/handlers.ts';
import { problemResponse } from './problems/problem-body.ts';
import { routes } from './routes/index.ts';
import type { Services } from './services.ts';

export type App = OpenAPIHono<AppEnv>;

/** An app without routes: errors, unknown addresses and failed validation all answer problem+json. */
function newApp(services: Services): App {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: handleValidation });
  app.onError(handleError);
  app.notFound(handleNotFound);
  app.use('*', async (c, next) => {
    c.set('services', services);
    await next();
  });
  app.use('*', requestId);
  if (services.observeRequests !== undefined) app.use('*', services.observeRequests);
  if (services.metrics !== undefined) app.use('*', services.metrics.middleware);
  app.use('*', realIp(services.config.server.trustedProxies), accessLog, securityHeaders);
  app.use('*', compressAnswers);
  return app;
}

/** A known path with another method is 405 and names the methods it has. */
function refuseOtherMethods(app: App, all: readonly DefinedRoute[]): void {
  const methods = new Map<string, Set<string>>();
  for (const route of all) {
    const path = (route.routingPath ?? route.path).replaceAll(/\/{(.+?)}/g, '/:$1');
    if (!path.startsWith('/api/')) continue;
    const known = methods.get(path) ?? new Set();
    known.add(route.method.toUpperCase());
    if (route.method === 'get') known.add('HEAD');
    methods.set(path, known);
  }
  for (const [path, known] of methods) {
    const allow = [...known].sort().join(', ');
    app.all(path, (c: Context<AppEnv>) =>
      problemResponse(c, 'method_not_allowed', { headers: { allow } }),
    );
  }
}

/**
 * The whole HTTP surface over a bag of services; `app.request()` works without a socket.
 * @param extra further routes, for tests of the framework itself
 */
export function createApp(services: Services, extra: readonly DefinedRoute[] = []): App {
  const app = newApp(services);
  const all = [...routes, ...extra];
  const mounting = { config: services.config, preconditions: new Preconditions(all) };
  for (const route of all) mountRoute(app, route, mounting);
  refuseOtherMethods(app, all);
  let document: ReturnType<typeof openapiDocument> | undefined;
  app.get('/openapi.json', (c) => c.json((document ??= openapiDocument(app, services.version))));
  mountPages(app);
  app.fetch = withDirectAnswers(app.fetch);
  return app;
}
