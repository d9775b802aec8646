/** An event as the server told it; `position` is '' for one that is not kept and cannot be resumed at. */
export interface Told {
  type: string;
  data: string;
  position: string;
}

/** What one page of a browser says to the others. */
type Message =
  | { kind: 'event'; event: Told }
  | { kind: 'state'; connected: boolean }
  | { kind: 'gap' }
  | { kind: 'hello'; after: string | null; sinceMs: number };

/** How pages of a browser reach each other; one does not hear itself. */
export interface Channel {
  post: (message: unknown) => void;
  close: () => void;
}

/** The part of the Web Locks API that is used. */
export interface Locks {
  request: (
    name: string,
    options: { signal?: AbortSignal; steal?: boolean },
    work: () => Promise<void>,
  ) => Promise<unknown>;
}

export interface FollowHandlers {
  onEvent: (event: Told) => void;
  onConnection: (connected: boolean) => void;
}

export interface SharedStreamOptions {
  /** name of the lock and the channel: pages of one user share them */
  name: string;
  /** undefined where the browser has none (a page without TLS): each page that is looked at then follows by itself */
  locks: Locks | undefined;
  openChannel: (hear: (message: unknown) => void) => Channel;
  /** follows the server from `after`, or from a moment ago; @returns ends it */
  follow: (after: string | null, handlers: FollowHandlers) => () => void;
  onEvent: (event: Told) => void;
  /** something was missed: what is shown may be old */
  onGap: () => void;
  onConnection: (connected: boolean) => void;
}

/** How often the page that follows says so, and after which silence another one takes over, ms. */
export const beatMs = 5_000;
export const silenceMs = 20_000;
/** After a longer break a page asks again for what it shows, rather than for all that happened, ms. */
const longBreakMs = 300_000;
/** What a page shows may be a little older than the page's own beginning to listen, ms. */
const slackMs = 10_000;
/** What the page that follows keeps for pages that come later. */
const kept = 500;

/**
 * One event stream for all pages of a browser, which has six connections to a server and no more. Of the pages that are
 * looked at one follows the stream and tells all others; when it is hidden, closed or hangs, the next one goes on where
 * it was. A page that is hidden hears and does not ask; one in the back/forward cache does neither, and catches up.
 */
export class SharedStream {
  private readonly options: SharedStreamOptions;
  private channel: Channel | null = null;
  /** ends following, or waiting for one's turn to */
  private leave: (() => void) | null = null;
  private leading = false;
  private connected = true;
  /** newest kept event that this page heard */
  private last: string | null = null;
  private readonly heard = new Set<string>();
  private recent: { event: Told; at: number }[] = [];
  private readonly bornAt = Date.now();
  private heardAt = Date.now();
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: SharedStreamOptions) {
    this.options = options;
  }

  /** The page is looked at. */
  show(): void {
    this.listen();
    if (this.leave !== null) return;
    this.leave = this.wait();
    this.say({ kind: 'hello', after: this.last, sinceMs: Date.now() - this.bornAt });
    this.timer = setInterval(() => {
      this.beat();
    }, beatMs);
  }

  /** The page is hidden: it goes on hearing what another one tells. */
  hide(): void {
    clearInterval(this.timer);
    this.leave?.();
    this.leave = null;
  }

  /** The page is left, maybe into the back/forward cache: nothing of it stays open. */
  stop(): void {
    this.hide();
    this.channel?.close();
    this.channel = null;
  }

  private listen(): void {
    if (this.channel !== null) return;
    this.channel = this.options.openChannel((message) => {
      if (this.channel !== null) this.receive(message as Message);
    });
  }

  private say(message: Message): void {
    this.channel?.post(message);
  }

  /** Waits for the lock and follows as long as it is held. @returns gives it up */
  private wait(steal = false): () => void {
    const stop = new AbortController();
    const { locks, name } = this.options;
    const lead = async (): Promise<void> => {
      if (stop.signal.aborted) return;
      const end = this.lead();
      await new Promise<void>((resolve) => {
        stop.signal.addEventListener('abort', () => {
          end();
          resolve();
        });
      });
    };
    if (locks === undefined) void lead();
    else {
      const how = steal ? { steal } : { signal: stop.signal };
      locks.request(name, how, lead).catch(() => {
        // Given up, or taken by another page that heard nothing of this one.
        if (stop.signal.aborted) return;
        stop.abort();
        this.leave = this.wait();
      });
    }
    return () => {
      stop.abort();
    };
  }

  private lead(): () => void {
    const isLong = Date.now() - this.heardAt > longBreakMs;
    this.leading = true;
    if (isLong) {
      this.last = null;
      this.options.onGap();
      this.say({ kind: 'gap' });
    }
    let wasLost = false;
    const end = this.options.follow(this.last, {
      onEvent: (event) => {
        if (event.type === 'gap') {
          this.options.onGap();
          this.say({ kind: 'gap' });
          return;
        }
        this.say({ kind: 'event', event });
        this.take(event);
      },
      onConnection: (connected) => {
        if (connected && wasLost && this.last === null) {
          this.options.onGap();
          this.say({ kind: 'gap' });
        }
        wasLost = !connected;
        this.setConnected(connected);
        this.say({ kind: 'state', connected });
      },
    });
    return () => {
      this.leading = false;
      end();
    };
  }

  private beat(): void {
    if (this.leading) {
      this.heardAt = Date.now();
      this.say({ kind: 'state', connected: this.connected });
    } else if (this.options.locks !== undefined && Date.now() - this.heardAt > silenceMs) {
      // The one that follows hangs: a debugger, a page that computes.
      this.leave?.();
      this.leave = this.wait(true);
    }
  }

  private receive(message: Message): void {
    if (message.kind === 'hello') {
      this.greet(message);
      return;
    }
    if (this.leading && this.options.locks === undefined) return;
    this.heardAt = Date.now();
    if (message.kind === 'event') this.take(message.event);
    else if (message.kind === 'gap') this.options.onGap();
    else if (!this.leading) this.setConnected(message.connected);
  }

  /** Tells a page that comes what it may have missed; the others know it already. */
  private greet({ after, sinceMs }: { after: string | null; sinceMs: number }): void {
    if (!this.leading) return;
    this.say({ kind: 'state', connected: this.connected });
    const since = Date.now() - sinceMs - slackMs;
    const start =
      after === null
        ? this.recent.findIndex(({ at }) => at >= since)
        : this.recent.findIndex(({ event }) => event.position === after) + 1;
    const isKnown = after === null || start > 0 || after === this.last;
    if (!isKnown) this.say({ kind: 'gap' });
    else if (start >= 0) {
      for (const { event } of this.recent.slice(start)) this.say({ kind: 'event', event });
    }
  }

  private take(event: Told): void {
    this.heardAt = Date.now();
    if (event.position !== '') {
      if (this.heard.has(event.position)) return;
      this.heard.add(event.position);
      this.last = event.position;
      this.recent.push({ event, at: Date.now() });
      if (this.recent.length > 2 * kept) this.forget();
    }
    this.options.onEvent(event);
  }

  private forget(): void {
    this.recent = this.recent.slice(-kept);
    this.heard.clear();
    for (const { event } of this.recent) this.heard.add(event.position);
  }

  private setConnected(connected: boolean): void {
    if (this.connected === connected) return;
    this.connected = connected;
    this.options.onConnection(connected);
  }
}
