/** Which part of a list is wanted: after the row with that id, or from an offset. */
export interface PageRequest {
  limit: number;
  offset: number;
  /** id of the last row of the page before; null from the start */
  after: string | null;
}

export interface Page<T> {
  items: T[];
  /** rows that match, on all pages */
  total: number;
  /** id of the last row when there are more; null on the last page */
  next: string | null;
}

/** A page from `limit + 1` rows: the one too many only tells that there are more. */
export function toPage<Row extends { id: string }, T>(
  rows: readonly Row[],
  { limit }: PageRequest,
  total: number,
  toItem: (row: Row) => T,
): Page<T> {
  const kept = rows.slice(0, limit);
  const next = rows.length > limit ? (kept.at(-1)?.id ?? null) : null;
  return { items: kept.map(toItem), total, next };
}
