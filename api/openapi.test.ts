import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { renderOpenapi, type OpenapiFiles } from './write-openapi.ts';
import { routes } from './routes/index.ts';

const read = (name: string) => readFile(new URL(name, import.meta.url), 'utf8');
let fresh: OpenapiFiles;

interface Operation {
  summary?: string;
  security?: unknown[];
  responses: Record<string, { content?: Record<string, unknown> }>;
}

beforeAll(async () => {
  const { version } = JSON.parse(await read('../package.json')) as { version: string };
  fresh = await renderOpenapi(version);
}, 240_000);

describe('the OpenAPI files', () => {
  it('are what the routes say; `npm run openapi` writes them anew [B-API-08]', async () => {
    expect(await read('./openapi.json')).toBe(fresh.document);
    expect(await read('./openapi.d.ts')).toBe(fresh.types);
  });

  it('list every route that is not hidden, with a problem answer [B-API-08]', () => {
    const document = JSON.parse(fresh.document) as {
      openapi: string;
      paths: Record<string, Record<string, Operation>>;
    };
    expect(document.openapi).toBe('3.1.0');
    for (const route of routes) {
      const operation = document.paths[route.path]?.[route.method];
      expect([route.path, route.method, operation === undefined]).toEqual([
        route.path,
        route.method,
        route.hidden === true,
      ]);
      if (!operation) continue;
      expect(operation.summary).toBeTruthy();
      expect(operation.responses['500']?.content).toHaveProperty(['application/problem+json']);
      if (route.access.kind !== 'public') expect(operation.security).not.toEqual([]);
    }
  });

  it('let null be what it is: no schema asks for a named object and null at once', () => {
    const contradictory: string[] = [];
    const look = (value: unknown, place: string): void => {
      if (typeof value !== 'object' || value === null) return;
      const { allOf, type, enum: words } = value as Record<string, unknown>;
      const allows = (part: unknown) =>
        JSON.stringify((part as { type?: unknown }).type ?? '').includes('"null"');
      if (Array.isArray(allOf) && allOf.some(allows)) contradictory.push(place);
      if (Array.isArray(words) && allows({ type }) && !words.includes(null)) {
        contradictory.push(place);
      }
      for (const [key, part] of Object.entries(value)) look(part, `${place}/${key}`);
    };
    const document = JSON.parse(fresh.document) as {
      components: { schemas: { Issue: { properties: { assignee: unknown } } } };
    };
    look(document, '#');
    expect(contradictory).toEqual([]);
    expect(document.components.schemas.Issue.properties.assignee).toEqual({
      anyOf: [{ $ref: '#/components/schemas/UserName' }, { type: 'null' }],
    });
  });
});
