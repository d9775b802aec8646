import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import type { App } from './app.ts';
import { refuseUnreadable } from './problems/unreadable-request.ts';

export interface RunningServer {
  port: number;
  /**
   * Takes no new connections, lets requests in flight end, and cuts what is left after `graceMs`: streams first of
   * all, which would never end by themselves.
   */
  stop(graceMs: number): Promise<void>;
}

export interface ListenAddress {
  host: string;
  port: number;
  /** address that people use; that of the socket unless told */
  publicUrl?: string | null;
}

/** Time for headers and for a whole request; a client that drips bytes is cut (fault plan C5). */
const headersTimeoutMs = 15_000;
const keepAliveTimeoutMs = 20_000;

/** The address cannot be had; the message says what people can do. Trying again at once would help nobody. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

/**
 * Listens once: a port that somebody else has is not fought for.
 * @param holderOf who listens on a port, for people
 * @throws PortTaken when another program has the port
 */
export async function startServer(
  app: App,
  address: ListenAddress,
  holderOf: (port: number) => Promise<string | null> = () => Promise.resolve(null),
): Promise<RunningServer> {
  try {
    return await listen(app, address);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const holder = (await holderOf(address.port)) ?? 'another program';
    throw new PortTaken(
      `Port ${address.port} on ${address.host} is used by ${holder}: stop that program, or set PORT (server.port) for the API and the workers.`,
    );
  }
}

async function listen(app: App, address: ListenAddress): Promise<RunningServer> {
  const publicUrl = address.publicUrl ?? `http://${address.host}:${address.port}`;
  const { server, port } = await new Promise<{ server: Server; port: number }>(
    (resolve, reject) => {
      const options = {
        fetch: app.fetch,
        hostname: address.host,
        port: address.port,
        serverOptions: {
          headersTimeout: headersTimeoutMs,
          keepAliveTimeout: keepAliveTimeoutMs,
          // a push or a download may take long; each kind of route limits itself
          requestTimeout: 0,
          maxHeaderSize: 16_384,
        },
      };
      const started = serve(options, (info) => {
        started.off('error', reject);
        resolve({ server: started as Server, port: info.port });
      });
      started.once('error', reject);
      started.on('clientError', refuseUnreadable(publicUrl.replace(/\/+$/, '')));
    },
  );
  return { port, stop: (graceMs) => stop(server, graceMs) };
}

async function stop(server: Server, graceMs: number): Promise<void> {
  // A client that goes on asking over a connection it has kept would never be rid of us, nor we of it.
  server.prependListener('request', (_request, answer) => {
    answer.shouldKeepAlive = false;
  });
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => {
      server.closeAllConnections();
    }, graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
