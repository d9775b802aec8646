import { fileURLToPath } from 'node:url';
import { hardenProcess } from '../adapters/hardening/process.mjs';
import { exitCodeOf } from '../adapters/config/config-error.ts';
import { databaseUrl, loadConfig } from '../adapters/config/load-config.ts';
import { ensureEventOrder } from '../domain/event/ensure-event-order.ts';
import { createDb } from '../domain/shared/db.ts';
import { migrate } from './migrate.ts';
import { seedAccess } from './seed.ts';

/** The same distance from here and from the bundle in dist/. */
const migrationsDir = fileURLToPath(new URL('../prisma/migrations', import.meta.url));

async function main(): Promise<void> {
  hardenProcess();
  const url = databaseUrl(loadConfig({ env: process.env, args: process.argv.slice(2) }));
  const { applied } = await migrate(url, { migrationsDir });
  const db = createDb(url, { max: 1 });
  try {
    await seedAccess(db);
    await ensureEventOrder(db);
  } finally {
    await db.$disconnect();
  }
  process.stdout.write(`${JSON.stringify({ applied })}\n`);
}

try {
  await main();
} catch (error) {
  const reasons: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) reasons.push(at.message);
  process.stderr.write(`slipway migrate: ${reasons.join(': ')}\n`);
  process.exitCode = exitCodeOf(error);
}
