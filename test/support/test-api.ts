import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { loadConfig } from '../../adapters/config/load-config.ts';
import { createApp } from '../../api/app.ts';
import { EventStreams, type EventStreamsOptions } from '../../api/routes/event/event-streams.ts';
import type { Services } from '../../api/services.ts';
import { type EventBus, openEventBus } from '../../domain/event/event-bus.ts';
import { newApiToken } from '../../domain/identity/api-token.ts';
import { sha256Hex } from '../../domain/identity/hash-token.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { openListener } from '../../domain/shared/listen.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import type { TestDatabase } from './test-database.ts';

/** The HTTP surface over a test database, in this process: what needs neither git nor Temporal. */
export interface TestApi {
  baseUrl: string;
  bus: EventBus;
  streams: EventStreams;
  get(path: string, token: string, headers?: Record<string, string>): Promise<Response>;
  stop(): Promise<void>;
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export async function startTestApi(
  { db, url }: TestDatabase,
  options: EventStreamsOptions & {
    env?: Record<string, string>;
    services?: Partial<Services>;
  } = {},
): Promise<TestApi> {
  const listener = await openListener(url);
  const bus = await openEventBus({ db, listener, log: silent });
  const streams = new EventStreams(db, bus, options);
  const services: Partial<Services> = {
    db,
    config: loadConfig({ env: options.env ?? {} }),
    log: silent,
    version: 'test',
    healthChecks: {},
    eventStreams: streams,
    ...options.services,
  };
  const { fetch: handle } = createApp(services as Services);
  const { server, port } = await new Promise<{ server: Server; port: number }>((resolve) => {
    const started = serve({ fetch: handle, hostname: '127.0.0.1', port: 0 }, (info) =>
      resolve({ server: started as Server, port: info.port }),
    );
  });
  const baseUrl = `http://127.0.0.1:${port}`;
  return {
    baseUrl,
    bus,
    streams,
    get: (path, token, headers = {}) =>
      fetch(baseUrl + path, { headers: { authorization: `Bearer ${token}`, ...headers } }),
    stop: async () => {
      streams.close();
      bus.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      await listener.close();
    },
  };
}

/** An API token of this user with these scopes. */
export async function createTestToken(
  db: PrismaClient,
  userId: string,
  scopes: string[] = ['*:*'],
): Promise<{ id: string; token: string }> {
  const token = newApiToken();
  const id = newId('token');
  await db.apiToken.create({
    data: { id, userId, name: 'test', scopes, tokenHash: sha256Hex(token) },
  });
  return { id, token };
}

/** Binds a seeded role, everywhere or on one project. */
export async function bindTestRole(
  db: PrismaClient,
  userId: string,
  role: string,
  projectId: string | null = null,
): Promise<void> {
  const { id: roleId } = await db.role.findUniqueOrThrow({ where: { name: role } });
  await db.userRole.create({ data: { id: newId('binding'), userId, roleId, projectId } });
}
