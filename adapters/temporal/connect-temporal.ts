import { Client, Connection, type ClientInterceptors } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { DataConverter } from '@temporalio/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TemporalAddress, temporalTls } from './temporal-tls.ts';

export interface TemporalClient {
  client: Client;
  close(): Promise<void>;
}

/**
 * A client that connects when it is first used and again whenever the server comes back, so that the API starts and
 * answers while Temporal is away.
 */
export function connectTemporal(
  at: TemporalAddress,
  options: { dataConverter: DataConverter; interceptors?: ClientInterceptors },
): TemporalClient {
  const { address, namespace } = at;
  const connection = Connection.lazy({ address, connectTimeout: '5s', ...temporalTls(at) });
  const { dataConverter, interceptors } = options;
  const client = new Client({
    connection,
    namespace,
    dataConverter,
    ...(interceptors && { interceptors }),
  });
  return { client, close: async () => await connection.close() };
}

/**
 * A client on the connection of the workers of this process, which is the only way for them to take the first task of what
 * it starts. Closed with that connection.
 */
export function clientOfWorkers(
  connection: NativeConnection,
  options: { namespace: string; dataConverter: DataConverter; interceptors: ClientInterceptors },
): TemporalClient {
  return { client: new Client({ connection, ...options }), close: () => Promise.resolve() };
}

/**
 * The worker's connection. Tries for `patienceMs` (60 s unless told), since servers that start together are not ready
 * in order.
 */
export async function connectWorker(
  at: TemporalAddress,
  patienceMs = 60_000,
): Promise<NativeConnection> {
  const options = { address: at.address, ...temporalTls(at), ...compression(at) };
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await NativeConnection.connect(options);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(250);
    }
  }
}

/** Within a machine bytes cost less than what it takes to make them fewer. */
function compression({ address }: TemporalAddress): { grpcCompression?: { codec: 'none' } } {
  const isLocal = /^(localhost|127\.[\d.]+|\[::1\]):/.test(address);
  return isLocal ? { grpcCompression: { codec: 'none' } } : {};
}
