import type { Client } from '@temporalio/client';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { reconcileDeps } from '../../workers/reconcile-deps.ts';

interface Warning {
  message: string;
  fields: Record<string, unknown>;
}

/**
 * What a worker would give the reconciler, with warnings that can be counted.
 * @param client null where nothing asks the engine
 */
export function reconcilerUnderTest(db: PrismaClient, client: Client | null) {
  const warned: Warning[] = [];
  const log = {
    warn: (fields: object, message: string) =>
      warned.push({ message, fields: fields as Record<string, unknown> }),
  };
  return {
    deps: () =>
      reconcileDeps({
        db,
        config: { mail: {} } as never,
        log: log as never,
        repositories: null as never,
        gitStore: null as never,
        temporal: { client } as never,
      }),
    mismatches: (key: string, value: string) =>
      warned.filter(({ message, fields }) => message === 'state_mismatch' && fields[key] === value),
    repairs: (key: string, value: string) =>
      db.event.findMany({
        where: { type: 'engine.state_repaired', payload: { path: [key], equals: value } },
      }),
  };
}
