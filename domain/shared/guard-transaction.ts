import { Prisma, type PrismaClient } from '../../prisma/generated/client.ts';

/** Tables whose rows are locked while what a client knows of them is compared with what is there. */
export type RecordTable =
  | 'deployments'
  | 'issues'
  | 'merge_requests'
  | 'ops_repos'
  | 'projects'
  | 'roles'
  | 'secrets'
  | 'users'
  | 'webhooks';

/** Holds one row until the transaction ends, against whoever would change it or point to it. One that is gone holds nothing. */
export async function lockRow(
  tx: Prisma.TransactionClient,
  table: RecordTable,
  id: string,
): Promise<void> {
  await tx.$queryRaw`SELECT id FROM ${Prisma.raw(table)} WHERE id = ${id} FOR UPDATE`;
}

/** The client `of` with one member of its own. */
function withMember<T extends object>(of: T, name: string, member: unknown): T {
  return new Proxy(of, {
    get(target, key) {
      if (key === name) return member;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** A transaction as a client of the database: what asks for one of its own becomes a part of it. */
function asClient(tx: Prisma.TransactionClient): PrismaClient {
  const join = (work: (inner: Prisma.TransactionClient) => Promise<unknown>) => work(tx);
  return withMember(tx, '$transaction', join) as PrismaClient;
}

/**
 * The same database, where the first transaction that ends well has begun with `guard`: what the guard has looked at under
 * a lock is so until the change is there. A transaction that is tried again is guarded again; later ones of the same
 * request go by what the first has changed.
 * @param guard reads through the transaction; what it throws undoes it before anything was changed
 */
export function guardTransaction(
  db: PrismaClient,
  guard: (tx: PrismaClient) => Promise<void>,
): PrismaClient {
  let hasChanged = false;
  const begin = async (
    work: (tx: Prisma.TransactionClient) => Promise<unknown>,
    options?: object,
  ) => {
    if (hasChanged) return db.$transaction(work, options);
    const done = await db.$transaction(async (tx) => {
      await guard(asClient(tx));
      return work(tx);
    }, options);
    hasChanged = true;
    return done;
  };
  return withMember(db, '$transaction', begin);
}
