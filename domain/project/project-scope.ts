import { Prisma } from '../../prisma/generated/client.ts';

/** Projects that a list is of. */
export interface ProjectScope {
  /** these; null: all */
  ids: readonly string[] | null;
  /** only those that are active */
  onlyActive: boolean;
}

/** The condition over a project `p`. */
export function inScope({ ids, onlyActive }: ProjectScope): Prisma.Sql {
  const conditions = [
    ...(ids === null ? [] : [Prisma.sql`p.id = ANY(${[...ids]})`]),
    ...(onlyActive ? [Prisma.sql`p.is_active`] : []),
  ];
  return conditions.length === 0 ? Prisma.sql`true` : Prisma.join(conditions, ' AND ');
}
