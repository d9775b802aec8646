import { setTimeout as sleep } from 'node:timers/promises';
import type { EventRecord, EventType } from '../../contracts/event/types.ts';
import { type EventPosition, isAfter, parsePosition, startPosition } from './event-record.ts';
import type { Cursor, EventTurns } from './event-turns.ts';
import { handOver, type HandOverOptions } from './hand-over.ts';

export interface ConsumerOptions extends HandOverOptions {
  /** name of the cursor */
  name: string;
  /** what it takes; absent: all. Events of other types cost it nothing */
  types?: readonly EventType[] | undefined;
  handle: (event: EventRecord) => Promise<void>;
  /** its turn was taken: others may have handled events since it had it before */
  onTurn?: (() => void) | undefined;
}

export interface ConsumerHooks {
  /** one that had too much waiting can be given more */
  onRoom: () => void;
  onDeadLetter: (consumer: string, event: EventRecord) => void;
}

/** Events that wait in memory; more are left in the database until it has come so far. */
const mostWaiting = 200;

/**
 * One consumer of the outbox: takes what it is given in order, one at a time, at its own pace. A failure stops it, no
 * other; the event is tried again first, so order holds.
 */
export class EventConsumer {
  readonly name: string;
  readonly types: readonly EventType[] | undefined;
  /** up to here it was given what it takes */
  readTo: EventPosition = startPosition;
  private readonly options: ConsumerOptions;
  private readonly hooks: ConsumerHooks;
  private turns: EventTurns | null = null;
  private readonly waiting: EventRecord[] = [];
  private cursor: Cursor = { position: startPosition, attempts: 0, retryAt: null };
  private saved: EventPosition = startPosition;
  private handledAt: number | null = null;
  private working: Promise<void> | null = null;
  private isRecording = false;
  private isFull = false;
  private stopping = new AbortController();

  constructor(options: ConsumerOptions, hooks: ConsumerHooks) {
    this.options = options;
    this.name = options.name;
    this.types = options.types;
    this.hooks = hooks;
  }

  get hasTurn(): boolean {
    return this.turns !== null;
  }

  get hasRoom(): boolean {
    return this.turns !== null && !this.isFull;
  }

  /** Its turn was taken: it goes on where it stands in the database. */
  begin(turns: EventTurns, cursor: Cursor): void {
    this.stopping = new AbortController();
    this.waiting.length = 0;
    this.cursor = cursor;
    this.saved = this.readTo = cursor.position;
    this.handledAt = null;
    this.isFull = false;
    this.turns = turns;
    this.options.onTurn?.();
  }

  /** Its turn is over, or was lost: what it is at comes to its end and is not written down. */
  end(): void {
    this.turns = null;
    this.waiting.length = 0;
    this.stopping.abort();
  }

  /** Begins nothing more. @returns when what it is at has come to its end */
  async drain(): Promise<void> {
    this.stopping.abort();
    await this.working;
  }

  /** @param events all from `readTo` to `upTo` that anybody takes */
  give(events: readonly EventRecord[], upTo: EventPosition): void {
    for (const event of events) {
      if (this.types?.includes(event.type) === false) continue;
      if (isAfter(parsePosition(event.position), this.readTo)) this.waiting.push(event);
    }
    if (isAfter(upTo, this.readTo)) this.readTo = upTo;
    this.isFull = this.waiting.length >= mostWaiting;
    if (this.waiting.length > 0) this.working ??= this.work();
  }

  /** What is to be saved: null = nothing. `handledAt`: of the first event since (ms, monotonic); null = only others passed. */
  unsaved(): { cursor: Cursor; handledAt: number | null } | null {
    // A failure is written down by itself, and nothing of before it after that.
    if (this.turns === null || this.isRecording || this.cursor.retryAt !== null) return null;
    const position = this.waiting.length === 0 ? this.readTo : this.cursor.position;
    if (!isAfter(position, this.saved)) return null;
    return { cursor: { ...this.cursor, position }, handledAt: this.handledAt };
  }

  markSaved({ position }: Cursor): void {
    this.saved = position;
    // One that was handled while this was written is saved with the next.
    this.handledAt = isAfter(this.cursor.position, position) ? performance.now() : null;
  }

  private async work(): Promise<void> {
    try {
      for (;;) {
        const { turns, stopping } = this;
        const [event] = this.waiting;
        if (turns === null || event === undefined || stopping.signal.aborted) return;
        await this.untilRetry(stopping.signal);
        if (!stopping.signal.aborted) await this.handOne(turns, event);
      }
    } finally {
      this.working = null;
    }
  }

  private async handOne(turns: EventTurns, event: EventRecord): Promise<void> {
    const isCurrent = () => this.turns === turns;
    const mayRecord = () => (this.isRecording = isCurrent());
    const given = { ...this.options, event, mayRecord };
    const done = await handOver(turns, this.name, this.cursor, given).catch(() => null);
    this.isRecording = false;
    // Lost with its session: whoever takes the turn next is handed the event again.
    if (done === null || !isCurrent()) {
      if (isCurrent()) this.end();
      return;
    }
    this.cursor = done.cursor;
    if (done.isSaved) this.saved = done.cursor.position;
    if (done.outcome === 'again') return;
    if (done.outcome === 'dead') this.hooks.onDeadLetter(this.name, event);
    this.waiting.shift();
    if (!done.isSaved) this.handledAt ??= performance.now();
    if (!this.isFull || this.waiting.length > mostWaiting / 2) return;
    this.isFull = false;
    this.hooks.onRoom();
  }

  private async untilRetry(signal: AbortSignal): Promise<void> {
    const waitMs = (this.cursor.retryAt?.getTime() ?? 0) - Date.now();
    if (waitMs > 0) await sleep(waitMs, null, { signal }).catch(() => undefined);
  }
}
