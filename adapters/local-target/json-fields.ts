/** JSON with the keys of every object in order: equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isRecord(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** Nothing and null are the same. */
export function isSameValue(one: unknown, other: unknown): boolean {
  return canonicalJson(one ?? null) === canonicalJson(other ?? null);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON pointer → value of everything that is not an object or a list with entries. */
export function leavesOf(value: unknown, at = ''): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const entries = isRecord(value) || Array.isArray(value) ? Object.entries(value) : [];
  if (entries.length === 0) return leaves.set(at, value);
  for (const [key, part] of entries) {
    const path = `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    for (const [leaf, found] of leavesOf(part, path)) leaves.set(leaf, found);
  }
  return leaves;
}

/** What a JSON pointer leads to; undefined when there is nothing. */
export function valueAt(value: unknown, pointer: string): unknown {
  let at = value;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    at = isRecord(at) || Array.isArray(at) ? (at as Record<string, unknown>)[key] : undefined;
  }
  return at;
}

/**
 * What server-side apply does, in small: the fields of `next` win, what `before` (our last apply) had and `next` has not
 * goes away, and what others wrote beside it stays. Lists are ours as a whole.
 */
export function applyFields(live: unknown, before: unknown, next: unknown): unknown {
  if (!isRecord(next)) return next;
  const result: Record<string, unknown> = isRecord(live) ? { ...live } : {};
  if (isRecord(before))
    for (const key of Object.keys(before)) if (!(key in next)) delete result[key];
  for (const [key, value] of Object.entries(next)) {
    const old = isRecord(before) ? before[key] : undefined;
    result[key] = applyFields(result[key], old, value);
  }
  return result;
}

/** The fields of `patch` over `live`, lists by their places: what another writer does to an object. */
export function patchFields(live: unknown, patch: unknown): unknown {
  if (Array.isArray(patch) && Array.isArray(live)) {
    return live.map((value: unknown, index) =>
      index in patch ? patchFields(value, patch[index]) : value,
    );
  }
  if (!isRecord(patch) || !isRecord(live)) return patch;
  const result = { ...live };
  for (const [key, value] of Object.entries(patch)) result[key] = patchFields(live[key], value);
  return result;
}
