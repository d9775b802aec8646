import { z } from '@hono/zod-openapi';
import { DomainError } from '../../../contracts/problems.ts';
import { countDeadLetters } from '../../../domain/event/dead-letters.ts';
import { PartIll, type HealthCheck, type Services } from '../../services.ts';

export const healthSchema = z
  .object({
    /** degraded as soon as anything that matters fails */
    status: z.enum(['ok', 'degraded']),
    level: z.enum(['HEALTHY', 'DEGRADED', 'UNHEALTHY']),
    version: z.string(),
    components: z.record(z.string(), z.unknown()).openapi({
      description:
        'State of each part: `ok …` or `error: …`; `agents` is a map of availability and never changes the status.',
    }),
  })
  .openapi('Health');

export type Health = z.infer<typeof healthSchema>;

/** A check that hangs is a check that failed; the whole answer stays under this. */
const checkTimeoutMs = 900;

async function run(check: HealthCheck['check']): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error('late'));
    }, checkTimeoutMs);
  });
  try {
    return await Promise.race([check(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The message of a driver may name hosts and users: clients get a word, the log gets the rest. */
function describeFailure(error: unknown): string {
  if (error instanceof PartIll) return `error: ${error.message}`;
  return error instanceof Error && error.message === 'late'
    ? 'error: no answer'
    : 'error: not reachable';
}

const databaseCheck = (services: Services): HealthCheck => ({
  critical: true,
  check: async () => {
    await services.db.$queryRaw`SELECT 1`;
    return 'ok';
  },
});

/** A number only: what could not be handled, and why, is for `admin:read`. */
const eventsCheck = (services: Services): HealthCheck => ({
  critical: false,
  check: async () => {
    const waiting = await countDeadLetters(services.db);
    if (waiting === 0) return 'ok';
    const what = waiting === 1 ? '1 event' : `${String(waiting)} events`;
    throw new PartIll(`${what} could not be handled, see /api/v1/dead-letters`);
  },
});

function memoryCheck(): HealthCheck {
  return {
    critical: false,
    check: () => {
      const { rss } = process.memoryUsage();
      return Promise.resolve(`ok: ${Math.round(rss / 1_048_576)} MB`);
    },
  };
}

function checksOf(services: Services): Record<string, HealthCheck> {
  return {
    database: databaseCheck(services),
    events: eventsCheck(services),
    memory: memoryCheck(),
    ...services.healthChecks,
  };
}

/** True when that one part works. @throws DomainError `not_found` for a part that is not known */
export async function checkPart(services: Services, name: string): Promise<boolean> {
  const found = new Map(Object.entries(checksOf(services))).get(name);
  if (!found) throw new DomainError('not_found', 'There is no such part.');
  return run(found.check).then(
    () => true,
    () => false,
  );
}

/** Asks every part at once. Critical parts that fail make it UNHEALTHY, others DEGRADED; it never throws. */
export async function checkHealth(services: Services): Promise<Health> {
  const results = await Promise.all(
    Object.entries(checksOf(services)).map(async ([name, { critical, check }]) => {
      try {
        return { name, critical, state: await run(check), failed: false };
      } catch (error) {
        services.log.warn({ component: name, err: error }, 'a part of the platform is not healthy');
        return { name, critical, state: describeFailure(error), failed: true };
      }
    }),
  );
  const failed = results.filter((result) => result.failed);
  const level = failed.some((result) => result.critical)
    ? 'UNHEALTHY'
    : failed.length > 0
      ? 'DEGRADED'
      : 'HEALTHY';
  const states = results.map(({ name, state }): [string, unknown] => [name, state]);
  return {
    status: failed.length > 0 ? 'degraded' : 'ok',
    level,
    version: services.version,
    components: { ...Object.fromEntries(states), agents: services.agentAvailability?.() ?? {} },
  };
}
