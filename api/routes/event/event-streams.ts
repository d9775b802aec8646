import type { Caller } from '../../../contracts/identity/principal.ts';
import { EventAccesses } from '../../../domain/event/event-access.ts';
import type { EventBus } from '../../../domain/event/event-bus.ts';
import type { EventFilter } from '../../../domain/event/read-events.ts';
import { CredentialWatch } from '../../../domain/identity/watch-credentials.ts';
import type { PrismaClient } from '../../../prisma/generated/client.ts';
import { EventConnection } from './event-connection.ts';

export interface EventStreamsOptions {
  /** bytes that may wait for one slow client; 1 MiB unless told */
  maxBufferBytes?: number;
  heartbeatMs?: number;
  /** how often credentials behind open streams are looked at */
  watchEveryMs?: number;
}

/** The open event streams of this process. */
export class EventStreams {
  private readonly db: PrismaClient;
  private readonly bus: EventBus;
  private readonly options: EventStreamsOptions;
  private readonly watch: CredentialWatch;
  private readonly accesses: EventAccesses;
  private readonly connections = new Set<EventConnection>();

  constructor(db: PrismaClient, bus: EventBus, options: EventStreamsOptions = {}) {
    this.db = db;
    this.bus = bus;
    this.options = options;
    this.accesses = new EventAccesses(db);
    this.watch = new CredentialWatch(db, options.watchEveryMs);
  }

  /** clients connected now */
  get count(): number {
    return this.connections.size;
  }

  /** @param from position to resume after; null = only what comes from now on */
  open(caller: Caller, filter: EventFilter, from: string | null): EventConnection {
    const { access, release } = this.accesses.take(caller);
    const connection = new EventConnection({
      db: this.db,
      bus: this.bus,
      access,
      filter,
      from,
      maxBufferBytes: this.options.maxBufferBytes ?? 1_048_576,
      heartbeatMs: this.options.heartbeatMs ?? 15_000,
      onClose: () => {
        this.connections.delete(connection);
        unwatch();
        release();
      },
    });
    this.connections.add(connection);
    const unwatch = this.watch.watch(caller.principal, {
      onEnd: () => connection.close(),
      onAccessChange: (epoch) => access.renew(epoch),
    });
    return connection;
  }

  /** Ends every stream, so that a stopping server need not wait for them. */
  close(): void {
    for (const connection of [...this.connections]) connection.close();
    this.watch.close();
  }
}
