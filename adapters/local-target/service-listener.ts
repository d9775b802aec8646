import { createServer, type Server, type Socket, connect } from 'node:net';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import type { Endpoint } from './endpoint.ts';
import { forwardRequest, forwardUpgrade } from './http-forward.ts';
import { appsAddress } from './apps-address.ts';
import { guarded } from './guarded.ts';

/** How long a connection may be silent before it is taken for a protocol in which the server speaks first. */
const silenceMs = 200;
const httpStart = /^[A-Z]{3,16} \S/;

/**
 * One port of a Service. HTTP/1 is passed on request by request, so that a client's open connection outlives the replica
 * that served it; everything else is passed on as it is.
 */
export class ServiceListener {
  readonly #endpoints: () => readonly Endpoint[];
  readonly #server: Server;
  readonly #http: HttpServer;
  readonly #sockets = new Set<Socket>();
  readonly #place: () => (() => void) | null;
  #turn = 0;

  /** @param place lets a connection in and says how it gives its place back; null: there is none for it */
  constructor(endpoints: () => readonly Endpoint[], place: () => (() => void) | null) {
    this.#endpoints = endpoints;
    this.#place = place;
    this.#server = createServer({ allowHalfOpen: true }, (socket) =>
      guarded(socket, () => this.serve(socket))(),
    );
    const next = (): Endpoint | null => this.#next();
    this.#http = createHttpServer((request, response) => {
      guarded(response, () => forwardRequest(request, response, next))();
    });
    this.#http.on('upgrade', (request, socket, head) => {
      guarded(socket, () => forwardUpgrade(request, socket, head, next))();
    });
    // A client may send its request slowly and keep its connection for as long as it likes.
    this.#http.requestTimeout = 0;
    this.#http.keepAliveTimeout = 0;
  }

  /** Rejects when the port is taken. */
  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, appsAddress, () => {
        this.#server.off('error', reject).on('error', () => undefined);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    this.#http.closeAllConnections();
    await closed;
  }

  /** Takes one connection, however it came here. */
  serve(socket: Socket): void {
    const leave = this.#place();
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#sockets.delete(socket);
      leave?.();
    });
    if (leave === null || this.#endpoints().length === 0) {
      socket.resetAndDestroy();
      return;
    }
    const onEnd = guarded(socket, (): void => {
      first();
      socket.end();
    });
    const first = (): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('end', onEnd);
      socket.pause();
    };
    const onData = guarded(socket, (chunk: Buffer): void => {
      first();
      if (httpStart.test(chunk.subarray(0, 24).toString('latin1')) && !isHttp2(chunk)) {
        this.#http.emit('connection', socket);
        socket.unshift(chunk);
        process.nextTick(() => socket.resume());
      } else {
        socket.unshift(chunk);
        void this.#pass(socket);
      }
    });
    const timer = setTimeout(() => {
      first();
      void this.#pass(socket);
    }, silenceMs);
    socket.once('data', onData).once('end', onEnd);
  }

  #next(): Endpoint | null {
    const endpoints = this.#endpoints();
    this.#turn += 1;
    return endpoints[this.#turn % Math.max(1, endpoints.length)] ?? null;
  }

  /** Does not reject. */
  async #pass(socket: Socket): Promise<void> {
    try {
      const endpoint = this.#next();
      if (endpoint === null) return void socket.resetAndDestroy();
      socket.once('close', guarded(socket, endpoint.begin()));
      const upstream = connect({
        host: appsAddress,
        port: await endpoint.connect(),
        allowHalfOpen: true,
      });
      upstream.on('error', () => socket.destroy());
      upstream.once('close', () => socket.destroySoon());
      socket.once('close', () => upstream.destroy());
      socket.pipe(upstream).pipe(socket);
    } catch {
      socket.destroy();
    }
  }
}

/** The preface of HTTP/2 looks like a request; gRPC sends it in the clear. */
function isHttp2(chunk: Buffer): boolean {
  return chunk.subarray(0, 4).toString('latin1') === 'PRI ';
}
