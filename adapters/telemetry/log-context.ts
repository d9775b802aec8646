import { AsyncLocalStorage } from 'node:async_hooks';

export type LogFields = Readonly<Record<string, unknown>>;

const storage = new AsyncLocalStorage<LogFields>();

/**
 * Runs `work` so that every log line it writes carries `fields`, besides those of whoever called. A function
 * is asked for its value when a line is written.
 */
export function withLogFields<T>(fields: LogFields, work: () => T): T {
  return storage.run({ ...storage.getStore(), ...fields }, work);
}

/** Fields that a line written now would carry. */
export function currentLogFields(): LogFields {
  const fields = storage.getStore();
  if (fields === undefined) return {};
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === 'function' ? (value as () => unknown)() : value,
    ]),
  );
}
