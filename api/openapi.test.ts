import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { renderOpenapi, type OpenapiFiles } from './write-openapi.ts';
import { routes } from './routes/index.ts';

const read = (name: string) => readFile(new URL(name, import.meta.url), 'utf8');
let fresh: OpenapiFiles;

interface Parameter {
  in: string;
  name: string;
  schema: { type?: string | string[] };
}

interface Operation {
  parameters?: Parameter[];
  operationId?: string;
  summary?: string;
  security?: unknown[];
  responses: Record<string, { content?: Record<string, unknown> }>;
}

beforeAll(async () => {
  const { version } = JSON.parse(await read('../package.json')) as { version: string };
  fresh = await renderOpenapi(version);
}, 240_000);

function operations(): Operation[] {
  const { paths } = JSON.parse(fresh.document) as {
    paths: Record<string, Record<string, Operation>>;
  };
  return Object.values(paths).flatMap((methods) => Object.values(methods));
}

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
      for (const status of ['500', 'default']) {
        const content = operation.responses[status]?.content;
        expect(content).toHaveProperty(['application/problem+json']);
      }
      if (route.access.kind !== 'public') expect(operation.security).not.toEqual([]);
    }
  });

  it('give every operation one name of its own, which any generator takes as it is [B-API-08]', () => {
    const names = operations().map(({ operationId = '' }) => operationId);
    expect(names.length).toBeGreaterThan(150);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    // Words of letters alone: no generator has to make up a name, or to change one to fit its language.
    expect(names.filter((name) => !/^[a-z]+(?:[A-Z][a-z]+)*$/u.test(name))).toEqual([]);
  });

  it('say what every answer holds, in media types that generators of clients know [B-API-08]', () => {
    const known = /^(?:application\/json|application\/octet-stream|text\/[a-z-]+)$/u;
    const odd = operations().flatMap(({ operationId, responses }) => {
      const types =
        '200' in responses ? Object.keys(responses['200'].content ?? {}) : ['text/none'];
      return types.length > 0 && types.every((type) => known.test(type)) ? [] : [operationId];
    });
    expect(odd).toEqual([]);
  });

  it('let nothing in an address be null, which no address can say', () => {
    const odd = operations().flatMap(({ operationId = '', parameters = [] }) =>
      parameters
        .filter(({ in: place, schema }) => place !== 'header' && Array.isArray(schema.type))
        .map(({ name }) => `${operationId} ${name}`),
    );
    expect(odd).toEqual([]);
  });

  it('let null be what it is: no schema asks for a named object or a word and null at once', () => {
    const contradictory: string[] = [];
    const look = (value: unknown, place: string): void => {
      if (typeof value !== 'object' || value === null) return;
      const { allOf, type, enum: words } = value as Record<string, unknown>;
      const allows = (part: unknown) =>
        JSON.stringify((part as { type?: unknown }).type ?? '').includes('"null"');
      if (Array.isArray(allOf) && allOf.some(allows)) contradictory.push(place);
      // A list of words with null in it is a type of its own to generators: null stands beside it.
      if (Array.isArray(words) && (allows({ type }) || words.includes(null))) {
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
