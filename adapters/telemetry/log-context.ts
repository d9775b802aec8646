import { AsyncLocalStorage } from 'node:async_hooks';

export type LogFields = Readonly<Record<string, unknown>>;

const storage = new AsyncLocalStorage<LogFields>();

/** Runs `work` so that every log line it writes carries `fields`, besides those of whoever called. */
export function withLogFields<T>(fields: LogFields, work: () => T): T {
  return storage.run({ ...storage.getStore(), ...fields }, work);
}

/** Fields that a line written now would carry. */
export function currentLogFields(): LogFields {
  return storage.getStore() ?? {};
}
