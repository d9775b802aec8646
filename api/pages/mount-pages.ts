import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from 'hono';
import { type ProblemCode, problems } from '../../contracts/problems.ts';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../env.ts';
import { docsPage, docsScript, docsStyle } from './docs-page.ts';
import { serveWeb } from './serve-web.ts';

/** The page of docs/problems for a code, as it was written; its title alone where the documentation is not installed. */
async function problemPage(c: Context<AppEnv>): Promise<Response> {
  const code = (c.req.param('code') ?? '').replaceAll('-', '_');
  if (!Object.hasOwn(problems, code)) return await c.notFound();
  const { status, title } = problems[code as ProblemCode];
  const root = c.get('services').docsRoot;
  const page =
    root === undefined
      ? null
      : await readFile(join(root, 'problems', `${code}.md`), 'utf8').catch(() => null);
  return c.text(page ?? `# ${title}\n\nCode \`${code}\`, HTTP ${status}.\n`);
}

/** What is for people: documentation, a page per problem code, and the web app for every other address. */
export function mountPages(app: OpenAPIHono<AppEnv>): void {
  app.get('/docs', (c) => c.html(docsPage));
  app.get('/docs/docs.js', (c) => c.body(docsScript, 200, { 'content-type': 'text/javascript' }));
  app.get('/docs/docs.css', (c) => c.body(docsStyle, 200, { 'content-type': 'text/css' }));
  app.get('/problems/:code', problemPage);
  app.get('*', serveWeb);
}
