import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

export interface FlakyProxy {
  baseUrl: string;
  /** connections that were cut so far */
  resets(): number;
  close(): Promise<void>;
}

/** A TCP proxy that resets each connection (RST, not FIN) after `lifetimeMs`, wherever in the stream that is. */
export async function startFlakyProxy(
  targetUrl: string,
  lifetimeMs: () => number,
): Promise<FlakyProxy> {
  const { hostname, port } = new URL(targetUrl);
  const open = new Set<Socket>();
  let resets = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const both = [client, upstream];
    const timer = setTimeout(() => {
      resets += 1;
      for (const socket of both) socket.resetAndDestroy();
    }, lifetimeMs());
    for (const socket of both) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearTimeout(timer);
        open.delete(socket);
        for (const other of both) other.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: ownPort } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${String(ownPort)}`,
    resets: () => resets,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
