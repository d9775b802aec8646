import type { Writable } from 'node:stream';
import type { EventRecord } from '../../../contracts/event/types.ts';
import type { EventAccess } from '../../../domain/event/event-access.ts';
import type { EventBus } from '../../../domain/event/event-bus.ts';
import { type EventPosition, isAfter, parsePosition } from '../../../domain/event/event-record.ts';
import { type EventFilter, readEventsAfter } from '../../../domain/event/read-events.ts';
import type { CredentialWatcher } from '../../../domain/identity/watch-credentials.ts';
import type { PrismaClient } from '../../../prisma/generated/client.ts';
import type { DirectBody } from '../../direct-body.ts';
import { EventSink, type SharedBytes, shareText } from './event-sink.ts';
import { eventBytes, gapBytes } from './event-text.ts';

/** Events that are not kept, waiting for the end of catching up. */
const maxUnkept = 100;

/** What all connections of a process share: there may be ten thousand. */
export interface ConnectionContext {
  db: PrismaClient;
  bus: EventBus;
  /** bytes that may wait for a slow client */
  maxBufferBytes: number;
  onClose: (connection: EventConnection) => void;
}

export interface ConnectionOptions {
  access: EventAccess;
  filter: EventFilter;
  /** events after this position; null = only what comes from now on */
  from: string | null;
}

const heartbeat = shareText(': still here\n\n');
const greeting = shareText('retry: 1000\n\n');
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
export class EventConnection implements DirectBody, CredentialWatcher {
  private readonly context: ConnectionContext;
  private readonly access: EventAccess;
  private readonly filter: EventFilter;
  private sink: EventSink | null = null;
  private cursor: string;
  private lastSent: string;
  private live: boolean;
  /** events without a place in the outbox that came while it caught up; null while there are none */
  private unkept: EventRecord[] | null = null;
  /** the client saw, by another process, more than our bus has told yet */
  private skipUntil: EventPosition | null = null;
  private closed = false;
  private gap = false;
  /** events whose right to be seen is not known yet, and those behind them */
  private waiting: EventRecord[] | null = null;
  private wakeWriter: (() => void) | null = null;
  private expectsRoom = false;

  constructor(context: ConnectionContext, { access, filter, from }: ConnectionOptions) {
    this.context = context;
    this.access = access;
    this.filter = filter;
    this.live = from === null;
    this.cursor = from ?? context.bus.position;
    this.lastSent = this.cursor;
  }

  send(to: Writable): void {
    if (this.closed) return void to.end();
    to.on('error', () => this.close());
    to.once('close', () => this.close());
    this.sink = new EventSink(to);
    // The head of the answer leaves with the first bytes: a client knows at once that it is connected.
    this.sink.write(greeting);
    // What was told since it was opened is in the database as well.
    if (this.context.bus.position !== this.cursor) this.live = false;
    if (!this.live) void this.catchUp().catch(() => this.close());
  }

  drop(): void {
    this.close();
  }

  onEnd(): void {
    this.close();
  }

  onAccessChange(epoch: bigint): void {
    this.access.renew(epoch);
  }

  /** A comment now and then keeps proxies from closing a quiet stream. */
  beat(): void {
    this.write(heartbeat);
  }

  /** Ends the stream and forgets the client. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.waiting = null;
    this.wakeWriter?.();
    this.sink?.end();
    this.context.onClose(this);
  }

  /** @param answers what was asked of this event a moment ago, for others who may see the same */
  hear(event: EventRecord, answers = new Map<EventAccess, boolean>()): void {
    if (this.closed || this.sink === null) return;
    // While it catches up the database gives everything in order, but for what is not kept there.
    if (!this.live) {
      if (event.position !== '') return;
      this.unkept ??= [];
      if (this.unkept.length < maxUnkept) this.unkept.push(event);
      return;
    }
    if (this.skipUntil !== null && event.position !== '') {
      if (!isAfter(parsePosition(event.position), this.skipUntil)) return;
      this.skipUntil = null;
    }
    if (!matches(event, this.filter)) return;
    if (this.waiting !== null) return void this.waiting.push(event);
    const allowed = answers.get(this.access) ?? this.access.allows(event);
    if (typeof allowed === 'boolean') answers.set(this.access, allowed);
    if (typeof allowed !== 'boolean') void this.sendWaiting((this.waiting = [event]));
    else if (allowed) this.sendEvent(event);
  }

  /** Sends in order; waits only where it is not yet known whether the caller may see the event. */
  private async sendWaiting(waiting: EventRecord[]): Promise<void> {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
      try {
        if ((await this.access.allows(event)) && !this.closed) this.sendEvent(event);
      } catch {
        // Not known is not allowed; the client resumes where it was when it comes back.
        return this.close();
      }
    }
    this.waiting = null;
  }

  private sendEvent(event: EventRecord): void {
    if (this.gap) return;
    if (!this.write(eventBytes(event))) {
      this.gap = true;
      this.expectRoom();
      return;
    }
    if (event.position !== '') this.lastSent = event.position;
  }

  private get room(): number {
    return this.sink === null ? 0 : this.context.maxBufferBytes - this.sink.waiting;
  }

  private write(bytes: SharedBytes): boolean {
    if (this.closed || this.sink === null || bytes.plain.length > this.room) return false;
    this.sink.write(bytes);
    return true;
  }

  private expectRoom(): void {
    if (this.expectsRoom || this.sink === null) return;
    this.expectsRoom = true;
    this.sink.onceDrained(() => {
      this.expectsRoom = false;
      this.wakeWriter?.();
      this.wakeWriter = null;
      if (this.gap && this.write(gapBytes(this.lastSent))) this.gap = false;
    });
  }

  private async untilRoom(): Promise<void> {
    if (this.closed || this.room >= this.context.maxBufferBytes / 2) return;
    await new Promise<void>((resolve) => {
      this.wakeWriter = resolve;
      this.expectRoom();
    });
  }

  private async catchUp(): Promise<void> {
    const { db, bus } = this.context;
    while (!this.closed) {
      await this.untilRoom();
      const told = bus.position;
      // All that the bus has told is settled, also where somebody began to publish since.
      const events = await readEventsAfter(db, this.cursor, catchUpBatch, this.filter, told);
      for (const event of events) {
        this.cursor = event.position;
        if (!(await this.access.allows(event))) continue;
        await this.untilRoom();
        this.sendEvent(event);
      }
      if (events.length === catchUpBatch) continue;
      // The read has seen all that the bus had told before it and that the filter lets through.
      if (isAfter(parsePosition(told), parsePosition(this.cursor))) this.cursor = told;
      if (bus.position === told) {
        this.skipUntil = parsePosition(this.cursor);
        this.live = true;
        const { unkept } = this;
        this.unkept = null;
        for (const event of unkept ?? []) this.hear(event);
        return;
      }
    }
  }
}
