import { hostname, networkInterfaces } from 'node:os';
import type { Config } from '../../contracts/config.ts';

/**
 * The ports of this machine that the platform listens on or is set to use, with what is there and the key that says so.
 * Nothing that belongs to a tenant may be given one of them, also not while nobody listens.
 */
export function platformPorts(config: Config): Map<number, string> {
  const { server, database, temporal, objectStore, metrics, telemetry, cache } = config;
  const here = isHere();
  const ports = new Map<number, string>();
  const add = (port: number, what: string): void => {
    if (port > 0 && !ports.has(port)) ports.set(port, what);
  };
  const addUrl = (text: string | null, usual: number, what: string): void => {
    const address = text?.includes('://') === true ? text : `tcp://${text ?? ''}`;
    const url = URL.canParse(address) ? new URL(address) : null;
    // a socket has its place in a parameter, and its port is but a part of its name
    const isSocket = url?.searchParams.get('host')?.startsWith('/') === true;
    if (url !== null && !isSocket && here(url.hostname)) add(Number(url.port) || usual, what);
  };
  add(server.port, 'the API, server.port or PORT');
  addUrl(server.publicUrl, 0, 'the address that people use, server.publicUrl');
  const { host, port } = database;
  addUrl(database.url ?? `tcp://${host}:${String(port)}`, 5432, 'Postgres, database.url');
  addUrl(temporal.address, 7233, 'Temporal, temporal.address');
  addUrl(temporal.uiUrl, 0, 'the pages of Temporal, temporal.uiUrl');
  addUrl(objectStore.endpoint, 0, 'the object store, objectStore.endpoint');
  add(metrics.port, 'metrics, metrics.port');
  addUrl(telemetry.otlpEndpoint, 4318, 'the collector of traces, telemetry.otlpEndpoint');
  addUrl(cache.redisAddr, 6379, 'the cache, cache.redisAddr');
  addUrl(cache.valkeyUrl, 6379, 'the cache, cache.valkeyUrl');
  return ports;
}

/** Whether a name or an address is this machine's own. */
function isHere(): (host: string) => boolean {
  const own = new Set(['localhost', '0.0.0.0', '::', '::1', hostname().toLowerCase()]);
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address } of addresses ?? []) own.add(address);
  }
  return (host) => {
    const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
    return own.has(name) || name.startsWith('127.') || name.endsWith('.localhost');
  };
}
