import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * `open`: bytes pass. `blackhole`: nothing passes, connections stay. `deaf`: requests pass, then the connection is reset
 * at the first byte of an answer, so the other side has acted and nobody hears of it.
 */
export type GateMode = 'open' | 'blackhole' | 'deaf';

export interface GatedProxy {
  /** host:port */
  address: string;
  /** Applies to what is connected and to what connects. */
  set(mode: GateMode): void;
  /** answers that were thrown away, and connections made while nothing passed */
  faults(): number;
  close(): Promise<void>;
}

/** A TCP proxy whose gate can be shut. */
export async function startGatedProxy(target: string): Promise<GatedProxy> {
  const [host = '127.0.0.1', port = '0'] = target.split(':');
  let mode: GateMode = 'open';
  let faults = 0;
  const pairs = new Set<{ client: Socket; upstream: Socket }>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), host);
    const pair = { client, upstream };
    pairs.add(pair);
    if (mode === 'blackhole') faults += 1;
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        pairs.delete(pair);
        client.destroy();
        upstream.destroy();
      });
      if (mode === 'blackhole') socket.pause();
    }
    client.on('data', (bytes: Buffer) => upstream.write(bytes));
    upstream.on('data', (bytes: Buffer) => {
      if (mode !== 'deaf') {
        client.write(bytes);
        return;
      }
      faults += 1;
      client.resetAndDestroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    faults: () => faults,
    set(next) {
      if (next === 'blackhole') faults += pairs.size;
      mode = next;
      for (const { client, upstream } of pairs) {
        for (const socket of [client, upstream]) {
          if (next === 'blackhole') socket.pause();
          else socket.resume();
        }
      }
    },
    async close() {
      for (const { client, upstream } of pairs) {
        client.destroy();
        upstream.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
