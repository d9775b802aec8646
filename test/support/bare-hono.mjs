/**
 * A peer for benches of the API: the same statements behind Hono and nothing else, one process. Takes its orders from the
 * environment: BARE_HONO={ databaseUrl, routes: [[{ text, values }, …], …] }; answers them at /0, /1 …, and tells its port
 * by IPC.
 */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import pg from 'pg';

const { databaseUrl, routes } = JSON.parse(process.env.BARE_HONO ?? '{}');
const pool = new pg.Pool({ connectionString: databaseUrl, max: 30 });
const app = new Hono();
for (const [index, statements] of routes.entries()) {
  app.get(`/${index}`, async (c) => {
    const answers = [];
    for (const { text, values } of statements) answers.push((await pool.query(text, values)).rows);
    return c.json(answers);
  });
}
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => process.send?.({ port }));
process.once('disconnect', () => process.exit(0));
