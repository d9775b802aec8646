import pg from 'pg';

export type NotificationCallback = (payload: string) => void;

/** One connection that hears NOTIFY for the whole process. */
export interface Listener {
  /** Hears a channel; the answer stops it. After a reconnect every callback is called once with '' : something may have been missed. */
  on(channel: string, callback: NotificationCallback): () => void;
  close(): Promise<void>;
}

const retryMs = [50, 100, 250, 500, 1_000, 2_000];

class ReconnectingListener implements Listener {
  private readonly url: string;
  private readonly callbacks = new Map<string, Set<NotificationCallback>>();
  private client: pg.Client | null = null;
  private sending: Promise<void> = Promise.resolve();
  private failures = 0;
  private retryTimer: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(url: string) {
    this.url = url;
  }

  async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.url,
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      application_name: 'slipway-listen',
    });
    client.on('error', () => this.lost(client));
    client.on('end', () => this.lost(client));
    client.on('notification', ({ channel, payload }) => this.tell(channel, payload ?? ''));
    try {
      await client.connect();
      for (const channel of this.callbacks.keys()) {
        await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
      }
    } catch (error) {
      client.removeAllListeners('end');
      void client.end().catch(() => undefined);
      throw error;
    }
    if (this.closed) return void client.end().catch(() => undefined);
    this.client = client;
    this.failures = 0;
    // A channel asked for while the LISTENs above ran is missing on this connection.
    for (const channel of this.callbacks.keys()) this.send('LISTEN', channel);
  }

  on(channel: string, callback: NotificationCallback): () => void {
    const known = this.callbacks.get(channel);
    if (known) known.add(callback);
    else {
      this.callbacks.set(channel, new Set([callback]));
      this.send('LISTEN', channel);
    }
    return () => {
      const left = this.callbacks.get(channel);
      if (!left?.delete(callback) || left.size > 0) return;
      this.callbacks.delete(channel);
      this.send('UNLISTEN', channel);
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.retryTimer) clearTimeout(this.retryTimer);
    this.callbacks.clear();
    const client = this.client;
    this.client = null;
    await client?.end().catch(() => undefined);
  }

  private send(verb: 'LISTEN' | 'UNLISTEN', channel: string): void {
    const client = this.client;
    if (!client) return;
    // One at a time: the driver no longer queues statements of one connection.
    this.sending = this.sending
      .then(() => client.query(`${verb} ${client.escapeIdentifier(channel)}`))
      .then(
        () => undefined,
        () => this.lost(client),
      );
  }

  private tell(channel: string, payload: string): void {
    for (const callback of [...(this.callbacks.get(channel) ?? [])]) {
      try {
        callback(payload);
      } catch {
        // One hearer's failure must not keep the others from hearing.
      }
    }
  }

  private lost(client: pg.Client): void {
    if (this.closed || this.client !== client) return;
    this.client = null;
    client.removeAllListeners('notification');
    void client.end().catch(() => undefined);
    this.retryLater();
  }

  private retryLater(): void {
    const wait = retryMs[Math.min(this.failures, retryMs.length - 1)] ?? 2_000;
    this.failures += 1;
    this.retryTimer = setTimeout(() => {
      if (this.closed) return;
      this.connect().then(
        () => [...this.callbacks.keys()].forEach((channel) => this.tell(channel, '')),
        () => this.retryLater(),
      );
    }, wait);
  }
}

/**
 * Opens the listening connection. Rejects when Postgres cannot be reached at the start;
 * later losses are healed by itself, at most 2 s apart, and told to every callback with ''.
 */
export async function openListener(url: string): Promise<Listener> {
  const listener = new ReconnectingListener(url);
  await listener.connect();
  return listener;
}
