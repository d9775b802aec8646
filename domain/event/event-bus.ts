import type { EventRecord, EventType } from '../../contracts/event/types.ts';
import type { Log } from '../../contracts/log.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import type { Listener } from '../shared/listen.ts';
import { eventsChannel, liveEventsChannel } from './publish-event.ts';
import { type EventPosition, isAfter, parsePosition } from './event-record.ts';
import { type NextEvents, readLastPosition, readNextEvents } from './read-events.ts';

export type EventHandler = (event: EventRecord) => void | Promise<void>;

/** The events of all processes, as they happen, heard in this one. */
export interface EventBus {
  /**
   * Hears events of one type, or all with '*': each once. A handler that fails is logged and keeps nobody from
   * hearing. Not for work that must be done: that is what domain/event/event-consumer.ts is for.
   * @returns stops it
   */
  subscribe(type: EventType | '*', handler: EventHandler): () => void;
  /** Position of the last event that was told. Live ones that are not kept have position ''. */
  readonly position: string;
  /** how many handlers hear now */
  readonly subscribers: number;
  close(): void;
}

export interface EventBusDeps {
  db: PrismaClient;
  listener: Listener;
  log: Pick<Log, 'error'>;
}

const batch = 500;
/** while somebody who publishes holds events back, ms: what he does is told, unless it fails */
const heldPollMs = [10, 20, 50, 100];
/** in case a notification was lost, ms */
const idlePollMs = 5_000;

class OutboxBus implements EventBus {
  position: string;
  private readonly deps: EventBusDeps;
  private readonly handlers = new Map<string, Set<EventHandler>>();
  private readonly stops: (() => void)[];
  private timer: NodeJS.Timeout | null = null;
  private reading = false;
  private again = false;
  private closed = false;
  private readTo: EventPosition;
  private heldReads = 0;

  constructor(deps: EventBusDeps, position: string) {
    this.deps = deps;
    this.position = position;
    this.readTo = parsePosition(position);
    this.stops = [
      deps.listener.on(eventsChannel, () => this.wake()),
      deps.listener.on(liveEventsChannel, (text) => this.tellLive(text)),
    ];
    this.wake();
  }

  get subscribers(): number {
    let sum = 0;
    for (const set of this.handlers.values()) sum += set.size;
    return sum;
  }

  subscribe(type: EventType | '*', handler: EventHandler): () => void {
    // A wrapper of its own, so that the same function subscribed twice is two subscriptions.
    const own: EventHandler = (event) => handler(event);
    const set = this.handlers.get(type) ?? new Set();
    this.handlers.set(type, set.add(own));
    return () => {
      set.delete(own);
      if (set.size === 0 && this.handlers.get(type) === set) this.handlers.delete(type);
    };
  }

  close(): void {
    this.closed = true;
    if (this.timer) clearTimeout(this.timer);
    for (const stop of this.stops) stop();
    this.handlers.clear();
  }

  private wake(): void {
    this.again = true;
    if (this.reading || this.closed) return;
    this.reading = true;
    void this.read().finally(() => {
      this.reading = false;
      if (this.again) this.wake();
    });
  }

  private async read(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    let nextMs = idlePollMs;
    try {
      let held = false;
      do {
        this.again = false;
        const next = await readNextEvents(this.deps.db, this.readTo, batch);
        this.tellAll(next);
        held = next.held;
        if (next.events.length === batch) this.again = true;
      } while (this.again && !this.closed);
      this.heldReads = held ? this.heldReads + 1 : 0;
      if (held) nextMs = heldPollMs[Math.min(this.heldReads, heldPollMs.length) - 1] ?? 100;
    } catch {
      // The database is away: requests say so; here it is only tried again.
      nextMs = 500;
    }
    if (this.closed) return;
    this.timer = setTimeout(() => this.wake(), nextMs);
    this.timer.unref();
  }

  private tellAll({ events, upTo }: NextEvents): void {
    for (const event of events) {
      if (this.closed) return;
      this.position = event.position;
      this.tell(event);
    }
    if (isAfter(upTo, this.readTo)) this.readTo = upTo;
  }

  private tellLive(text: string): void {
    // '' comes after a reconnect; what was told meanwhile without being kept is gone.
    if (text === '') return;
    try {
      this.tell(JSON.parse(text) as EventRecord);
    } catch (error) {
      this.deps.log.error({ err: error }, 'a live event could not be read');
    }
  }

  private tell(event: EventRecord): void {
    const heard = [...(this.handlers.get(event.type) ?? []), ...(this.handlers.get('*') ?? [])];
    for (const handler of heard) void this.run(handler, event);
  }

  private async run(handler: EventHandler, event: EventRecord): Promise<void> {
    try {
      await handler(event);
    } catch (error) {
      this.deps.log.error(
        { err: error, eventId: event.id, eventType: event.type },
        'an event handler failed',
      );
    }
  }
}

/** Starts to hear: what was published before is not told. One a process; `close()` it at the end. */
export async function openEventBus(deps: EventBusDeps): Promise<EventBus> {
  return new OutboxBus(deps, await readLastPosition(deps.db));
}
