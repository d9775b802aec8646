import { Prisma } from '../../prisma/generated/client.ts';

/** `%`, `_` and `\` mean themselves: Prisma hands them to LIKE as they are, where they stand for other signs. */
function literally(text: string): string {
  return text.replace(/[\\%_]/gu, '\\$&');
}

/** In SQL by hand: the column's text has `part` in it, whatever its case. */
export function columnHasText(column: Prisma.Sql, part: string): Prisma.Sql {
  return Prisma.sql`${column} ILIKE ${`%${literally(part)}%`}`;
}

/** In SQL by hand: the column's text begins with `prefix`, of the same case. */
export function columnBeginsWith(column: Prisma.Sql, prefix: string): Prisma.Sql {
  return Prisma.sql`${column} LIKE ${`${literally(prefix)}%`}`;
}

/** A condition for rows whose text has `part` in it, whatever its case. */
export function hasText(part: string): { contains: string; mode: 'insensitive' } {
  return { contains: literally(part), mode: 'insensitive' };
}

/** A condition for rows whose text begins with `prefix`, of the same case. */
export function beginsWith(prefix: string): { startsWith: string } {
  return { startsWith: literally(prefix) };
}
