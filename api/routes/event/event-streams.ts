import type { Caller } from '../../../contracts/identity/principal.ts';
import { type EventAccess, EventAccesses } from '../../../domain/event/event-access.ts';
import type { EventBus } from '../../../domain/event/event-bus.ts';
import type { EventFilter } from '../../../domain/event/read-events.ts';
import { CredentialWatch } from '../../../domain/identity/watch-credentials.ts';
import type { PrismaClient } from '../../../prisma/generated/client.ts';
import { type ConnectionContext, EventConnection } from './event-connection.ts';
import { StreamShares } from './stream-shares.ts';

export interface EventStreamsOptions {
  /** bytes that may wait for one slow client; 1 MiB unless told */
  maxBufferBytes?: number;
  heartbeatMs?: number;
  /** how often credentials behind open streams are looked at */
  watchEveryMs?: number;
  /** streams that one caller may have open at once; 64 unless told */
  streamsPerCaller?: number;
}

/** Heartbeats are spread over their interval, so that ten thousand clients are not written to in one go. */
const beats = 10;

/** The open event streams of this process: one subscription, one timer and one watch for all of them. */
export class EventStreams {
  private readonly context: ConnectionContext;
  /** watches whoever has a stream open in this process, of events or of something else */
  readonly credentials: CredentialWatch;
  /** of event streams and followed logs */
  readonly shares: StreamShares;
  private readonly accesses: EventAccesses;
  /** each with what ends its watch */
  private readonly connections = new Map<EventConnection, () => void>();
  private readonly stopHearing: () => void;
  private readonly timer: NodeJS.Timeout;
  private turn = 0;

  constructor(db: PrismaClient, bus: EventBus, options: EventStreamsOptions = {}) {
    const { maxBufferBytes = 1_048_576, heartbeatMs = 15_000 } = options;
    this.context = { db, bus, maxBufferBytes, onClose: (connection) => this.forget(connection) };
    this.accesses = new EventAccesses(db);
    this.shares = new StreamShares(options.streamsPerCaller ?? 64);
    this.credentials = new CredentialWatch(db, options.watchEveryMs);
    this.stopHearing = bus.subscribe('*', (event) => {
      // thousands of clients who may see the same ask once
      const answers = new Map<EventAccess, boolean>();
      for (const connection of this.connections.keys()) connection.hear(event, answers);
    });
    this.timer = setInterval(() => this.beat(), heartbeatMs / beats);
    this.timer.unref();
  }

  /** clients connected now */
  get count(): number {
    return this.connections.size;
  }

  /**
   * @param from position to resume after; null = only what comes from now on
   * @throws DomainError `rate_limited` when the caller has too many open
   */
  open(caller: Caller, filter: EventFilter, from: string | null): EventConnection {
    const leave = this.shares.take(caller.principal.userId);
    const { access, release } = this.accesses.take(caller);
    const connection = new EventConnection(this.context, { access, filter, from });
    const unwatch = this.credentials.watch(caller.principal, connection);
    this.connections.set(connection, () => {
      unwatch();
      release();
      leave();
    });
    return connection;
  }

  /** Ends every stream, so that a stopping server need not wait for them. */
  close(): void {
    clearInterval(this.timer);
    this.stopHearing();
    for (const connection of [...this.connections.keys()]) connection.close();
    this.credentials.close();
  }

  private forget(connection: EventConnection): void {
    this.connections.get(connection)?.();
    this.connections.delete(connection);
  }

  private beat(): void {
    this.turn = (this.turn + 1) % beats;
    let index = 0;
    for (const connection of this.connections.keys()) {
      if (index % beats === this.turn) connection.beat();
      index += 1;
    }
  }
}
