import type { Log } from '../contracts/log.ts';
import type { EventType } from '../contracts/event/types.ts';
import { type ConsumerOptions, EventConsumer } from '../domain/event/event-consumer.ts';
import { formatPosition, isAfter } from '../domain/event/event-record.ts';
import { type Cursor, EventTurns } from '../domain/event/event-turns.ts';
import { eventsChannel } from '../domain/event/publish-event.ts';
import type { Listener } from '../domain/shared/listen.ts';

/** Looks again at least this often, in case a notification was lost with its connection. */
const POLL_MS = 1_000;
/** While somebody who publishes holds events back: what he does is told, unless it fails. */
const HELD_POLL_MS = [10, 20, 50, 100];
/** How often a turn is asked for that another process has. */
const STANDBY_MS = 500;
/** Cursors of all consumers are saved together, so long after the first event since. */
const SAVE_MS = 200;
/** So often where a consumer was only passed by events that it does not take. */
const SAVE_PASSED_MS = 30_000;
const REOPEN_MS = 500;
const BATCH = 100;

export interface DispatcherOptions {
  /** of the database: the turns are held by a connection of their own */
  url: string;
  listener: Listener;
  log: Log;
  consumers: readonly ConsumerOptions[];
}

/** The next pause is over when it is rung, also before it began. */
class Bell {
  private rung = false;
  private wake: () => void = () => undefined;

  ring(): void {
    this.rung = true;
    this.wake();
  }

  async wait(ms: number): Promise<void> {
    if (!this.rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.rung = false;
  }
}

/** One read of new events for all consumers of a process whose turns it has. */
class Dispatcher {
  private readonly options: DispatcherOptions;
  private readonly bell = new Bell();
  private readonly consumers: EventConsumer[];
  private readonly unsubscribe: () => void;
  private stopped = false;
  private askedForTurns = 0;
  private savedPassed = 0;
  private heldReads = 0;

  constructor(options: DispatcherOptions) {
    this.options = options;
    const hooks = {
      onRoom: () => this.bell.ring(),
      onDeadLetter: (consumer: string, { id, type }: { id: string; type: string }) =>
        options.log.error({ consumer, event_id: id, event: type }, 'an event became a dead letter'),
    };
    this.consumers = options.consumers.map((one) => new EventConsumer(one, hooks));
    this.unsubscribe = options.listener.on(eventsChannel, () => this.bell.ring());
  }

  stop(): void {
    this.stopped = true;
    this.unsubscribe();
    this.bell.ring();
  }

  async run(): Promise<void> {
    while (!this.stopped) {
      let turns: EventTurns | null = null;
      try {
        turns = await EventTurns.open(this.options.url, () => this.bell.ring());
        await this.serve(turns);
      } catch (error) {
        this.options.log.warn({ err: error }, 'events could not be dispatched, trying again');
      }
      for (const consumer of this.consumers) consumer.end();
      await turns?.close();
      if (!this.stopped) await new Promise((resolve) => setTimeout(resolve, REOPEN_MS));
    }
    // Of a session that was lost something may still come to its end.
    await Promise.all(this.consumers.map((consumer) => consumer.drain()));
  }

  private async serve(turns: EventTurns): Promise<void> {
    this.askedForTurns = -Infinity;
    this.savedPassed = performance.now();
    while (!this.stopped && !turns.isLost) {
      await this.takeTurns(turns);
      const next = await this.read(turns);
      await this.save(turns, false);
      if (next === 'more') continue;
      this.heldReads = next === 'held' ? this.heldReads + 1 : 0;
      await this.bell.wait(this.pauseMs());
    }
    await Promise.all(this.consumers.map((consumer) => consumer.drain()));
    if (!turns.isLost) await this.save(turns, true);
  }

  private async takeTurns(turns: EventTurns): Promise<void> {
    const without = this.consumers.filter((consumer) => !consumer.hasTurn);
    if (without.length === 0 || performance.now() - this.askedForTurns < STANDBY_MS) return;
    const taken = await turns.take(without.map((consumer) => consumer.name));
    this.askedForTurns = performance.now();
    for (const consumer of without) {
      const cursor = taken.get(consumer.name);
      if (cursor !== undefined) consumer.begin(turns, cursor);
    }
  }

  /** Reads for those who are behind, each group up to where the first one is, and then for all who are there. */
  private async read(turns: EventTurns): Promise<'more' | 'held' | 'all'> {
    const holders = this.consumers.filter((consumer) => consumer.hasTurn);
    const [first] = holders;
    if (first === undefined) return 'all';
    const head = holders.reduce(
      (most, { readTo }) => (isAfter(readTo, most) ? readTo : most),
      first.readTo,
    );
    let isMore = false;
    let isHeld = false;
    for (const group of groupsOf(holders.filter((one) => one.hasRoom))) {
      const { readTo } = group[0];
      const types = typesOf(group);
      const { events, upTo, held } = isAfter(head, readTo)
        ? await turns.between(readTo, head, types, BATCH)
        : await turns.next(readTo, types, BATCH);
      for (const consumer of group) consumer.give(events, upTo);
      if (events.length === BATCH || isAfter(head, readTo)) isMore = true;
      else isHeld = held;
    }
    if (isMore) return 'more';
    return isHeld ? 'held' : 'all';
  }

  private async save(turns: EventTurns, isLast: boolean): Promise<void> {
    const now = performance.now();
    const found = this.consumers.flatMap((consumer) => {
      const unsaved = consumer.unsaved();
      return unsaved === null ? [] : [{ consumer, ...unsaved }];
    });
    const isDue =
      now - this.savedPassed >= SAVE_PASSED_MS ||
      found.some(({ handledAt }) => handledAt !== null && now - handledAt >= SAVE_MS);
    if (found.length === 0 || !(isDue || isLast)) return;
    this.savedPassed = now;
    const cursors = new Map<string, Cursor>(
      found.map(({ consumer, cursor }) => [consumer.name, cursor]),
    );
    await turns.save(cursors);
    for (const { consumer, cursor } of found) consumer.markSaved(cursor);
  }

  private pauseMs(): number {
    const waits = [POLL_MS];
    if (this.heldReads > 0)
      waits.push(HELD_POLL_MS[Math.min(this.heldReads, HELD_POLL_MS.length) - 1] ?? 100);
    if (this.consumers.some((consumer) => !consumer.hasTurn)) waits.push(STANDBY_MS);
    for (const consumer of this.consumers) {
      const handledAt = consumer.unsaved()?.handledAt ?? null;
      if (handledAt !== null) waits.push(handledAt + SAVE_MS - performance.now());
    }
    return Math.max(0, Math.min(...waits));
  }
}

/** Those that stand at the same place are read for together. */
function groupsOf(consumers: readonly EventConsumer[]): [EventConsumer, ...EventConsumer[]][] {
  const groups = new Map<string, [EventConsumer, ...EventConsumer[]]>();
  for (const consumer of consumers) {
    const place = formatPosition(consumer.readTo);
    const group = groups.get(place);
    if (group === undefined) groups.set(place, [consumer]);
    else group.push(consumer);
  }
  return [...groups.values()];
}

function typesOf(group: readonly EventConsumer[]): EventType[] | null {
  const types = new Set<EventType>();
  for (const consumer of group) {
    if (consumer.types === undefined) return null;
    for (const type of consumer.types) types.add(type);
  }
  return [...types];
}

/**
 * Hands committed events on to all of its consumers until it is stopped, woken by NOTIFY. At least once: one that dies
 * hands what it had not saved over again, with the same ids. Any number of processes may: each consumer's turn is one's.
 * @returns stops it and resolves when the events at hand are done
 */
export function runDispatcher(options: DispatcherOptions): () => Promise<void> {
  const dispatcher = new Dispatcher(options);
  const running = dispatcher.run();
  return async () => {
    dispatcher.stop();
    await running;
  };
}
