import type { Config } from '../contracts/config.ts';

/** Address that people use, without a slash at the end. */
export function publicUrl({ server }: Pick<Config, 'server'>): string {
  const { host, port, publicUrl: configured } = server;
  return (configured ?? `http://${host}:${String(port)}`).replace(/\/+$/, '');
}
