/** `%`, `_` and `\` mean themselves: Prisma hands them to LIKE as they are, where they stand for other signs. */
function literally(text: string): string {
  return text.replace(/[\\%_]/gu, '\\$&');
}

/** The pattern of LIKE for texts that have `part` in them. */
export function likePart(part: string): string {
  return `%${literally(part)}%`;
}

/** The pattern of LIKE for texts that begin with `prefix`. */
export function likeStart(prefix: string): string {
  return `${literally(prefix)}%`;
}

/** A condition for rows whose text has `part` in it, whatever its case. */
export function hasText(part: string): { contains: string; mode: 'insensitive' } {
  return { contains: literally(part), mode: 'insensitive' };
}

/** A condition for rows whose text begins with `prefix`, of the same case. */
export function beginsWith(prefix: string): { startsWith: string } {
  return { startsWith: literally(prefix) };
}
