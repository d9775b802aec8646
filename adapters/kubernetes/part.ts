/** The part of an object at a path of keys, or undefined. Objects of a cluster are read as what they are: unknown. */
export function part(value: unknown, ...path: readonly (string | number)[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) {
      return undefined;
    }
    current = (current as Record<string | number, unknown>)[key];
  }
  return current;
}

export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = part(value, ...path);
  return typeof found === 'string' ? found : '';
}

/** The number at a path; `otherwise` (0) where there is none. */
export function numberAt(
  value: unknown,
  path: readonly (string | number)[],
  otherwise = 0,
): number {
  const found = part(value, ...path);
  return typeof found === 'number' ? found : otherwise;
}

export function listAt(value: unknown, ...path: readonly (string | number)[]): unknown[] {
  const found = part(value, ...path);
  return Array.isArray(found) ? (found as unknown[]) : [];
}

export interface Condition {
  type: string;
  status: string;
  reason: string;
  message: string;
}

/** `status.conditions` of an object, however much of each is there. */
export function conditionsOf(object: unknown): Condition[] {
  return listAt(object, 'status', 'conditions').map((condition) => ({
    type: textAt(condition, 'type'),
    status: textAt(condition, 'status'),
    reason: textAt(condition, 'reason'),
    message: textAt(condition, 'message'),
  }));
}
