import type { EventRecord } from '../../../contracts/event/types.ts';
import type { EventAccess } from '../../../domain/event/event-access.ts';
import type { EventBus } from '../../../domain/event/event-bus.ts';
import { type EventPosition, isAfter, parsePosition } from '../../../domain/event/event-record.ts';
import { type EventFilter, readEventsAfter } from '../../../domain/event/read-events.ts';
import type { PrismaClient } from '../../../prisma/generated/client.ts';
import { encodeText, eventBytes, gapBytes } from './event-text.ts';

export interface ConnectionOptions {
  db: PrismaClient;
  bus: EventBus;
  access: EventAccess;
  filter: EventFilter;
  /** events after this position; null = only what comes from now on */
  from: string | null;
  /** bytes that may wait for a slow client */
  maxBufferBytes: number;
  heartbeatMs: number;
  onClose: () => void;
}

const heartbeat = encodeText(': still here\n\n');
const greeting = encodeText('retry: 1000\n\n');
const catchUpBatch = 200;

function matches(event: EventRecord, { types, projectId, changeId }: EventFilter): boolean {
  return (
    (types === undefined || types.includes(event.type)) &&
    (projectId === undefined || event.projectId === projectId) &&
    (changeId === undefined || event.changeId === changeId)
  );
}

/**
 * One client of the event stream. It first reads what it missed from the database, as fast as the client takes it, and
 * then rides the process's bus. What a live client does not take beyond the buffer is left out, with a `gap` event.
 */
export class EventConnection {
  readonly body: ReadableStream<Uint8Array>;
  private readonly options: ConnectionOptions;
  private readonly stopHearing: () => void;
  private readonly heartbeat: NodeJS.Timeout;
  private controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  private cursor: string;
  private lastSent: string;
  private live: boolean;
  /** the client saw, by another process, more than our bus has told yet */
  private skipUntil: EventPosition | null = null;
  private closed = false;
  private gap = false;
  private readonly waiting: EventRecord[] = [];
  private deciding = false;
  private wakeWriter: (() => void) | null = null;

  constructor(options: ConnectionOptions) {
    this.options = options;
    this.live = options.from === null;
    this.cursor = options.from ?? options.bus.position;
    this.lastSent = this.cursor;
    this.stopHearing = options.bus.subscribe('*', (event) => this.hear(event));
    this.heartbeat = setInterval(() => this.write(heartbeat), options.heartbeatMs);
    this.heartbeat.unref();
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.controller = controller;
          // The head of the answer leaves with the first bytes: a client knows at once that it is connected.
          controller.enqueue(greeting);
        },
        pull: () => this.roomAgain(),
        cancel: () => this.close(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: options.maxBufferBytes }),
    );
    if (!this.live) void this.catchUp().catch(() => this.close());
  }

  /** Ends the stream and forgets the client. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.stopHearing();
    clearInterval(this.heartbeat);
    this.waiting.length = 0;
    this.wakeWriter?.();
    try {
      this.controller?.close();
    } catch {
      // The client has gone already.
    }
    this.options.onClose();
  }

  private hear(event: EventRecord): void {
    // While it catches up the database gives everything in order.
    if (this.closed || !this.live) return;
    if (this.skipUntil !== null && event.position !== '') {
      if (!isAfter(parsePosition(event.position), this.skipUntil)) return;
      this.skipUntil = null;
    }
    if (!matches(event, this.options.filter)) return;
    this.waiting.push(event);
    if (!this.deciding) void this.sendWaiting();
  }

  /** Sends in order; waits only where it is not yet known whether the caller may see the event. */
  private async sendWaiting(): Promise<void> {
    this.deciding = true;
    for (let event = this.waiting.shift(); event !== undefined; event = this.waiting.shift()) {
      try {
        const answer = this.options.access.allows(event);
        const allowed = typeof answer === 'boolean' ? answer : await answer;
        if (allowed && !this.closed) this.send(event);
      } catch {
        // Not known is not allowed; the client resumes where it was when it comes back.
        this.close();
      }
    }
    this.deciding = false;
  }

  private send(event: EventRecord): void {
    if (this.gap) return;
    if (!this.write(eventBytes(event))) {
      this.gap = true;
      return;
    }
    if (event.position !== '') this.lastSent = event.position;
  }

  private get room(): number {
    return this.controller?.desiredSize ?? 0;
  }

  private write(bytes: Uint8Array): boolean {
    if (this.closed || this.controller === null) return false;
    if (bytes.length > this.room) return false;
    this.controller.enqueue(bytes);
    return true;
  }

  private roomAgain(): void {
    if (this.room < this.options.maxBufferBytes / 2) return;
    this.wakeWriter?.();
    this.wakeWriter = null;
    if (this.gap && this.write(gapBytes(this.lastSent))) this.gap = false;
  }

  private async untilRoom(): Promise<void> {
    if (this.closed || this.room >= this.options.maxBufferBytes / 2) return;
    await new Promise<void>((resolve) => (this.wakeWriter = resolve));
  }

  private async catchUp(): Promise<void> {
    const { db, bus, access, filter } = this.options;
    while (!this.closed) {
      await this.untilRoom();
      const told = bus.position;
      const events = await readEventsAfter(db, this.cursor, catchUpBatch, filter);
      for (const event of events) {
        this.cursor = event.position;
        if (!(await access.allows(event))) continue;
        await this.untilRoom();
        this.send(event);
      }
      if (events.length === catchUpBatch) continue;
      // What the bus had told before this read is settled: the read has seen all of it that the filter lets through.
      if (isAfter(parsePosition(told), parsePosition(this.cursor))) this.cursor = told;
      if (bus.position === told) {
        this.skipUntil = parsePosition(this.cursor);
        this.live = true;
        return;
      }
    }
  }
}
