/** What is known of a thing that a page asked for. */
export interface Known {
  data: unknown;
  problem: unknown;
}

/** Least time between two refreshes of one thing that nobody at this page asked for, ms. */
const paceMs = 1000;
/** Events come in handfuls when something moves: one refresh for all of them, ms. */
const gatherMs = 120;

type Fetcher = (signal: AbortSignal) => Promise<unknown>;

interface Watcher {
  fetcher: Fetcher;
  onChange: () => void;
  /** how many requests one refresh takes: a long list is asked for less often */
  cost: () => number;
}

interface Entry extends Known {
  watchers: Set<Watcher>;
  running: AbortController | null;
  /** asked for again while it was on its way: what comes may be older than that request */
  again: boolean;
  /** when the last request began */
  startedAt: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** a refresh waits for the page to be looked at */
  isDue: boolean;
}

/**
 * What pages show, by key: each asked for once however many parts of a page watch it, one request at a time, and not
 * oftener than once a second for what only moved elsewhere.
 */
export class QueryCache {
  private readonly entries = new Map<string, Entry>();
  private paused = false;

  /** Shows `key` from now on: asks for it, and tells of each change. @returns ends it */
  watch(key: string, watcher: Watcher): () => void {
    const entry = this.entry(key);
    // what is on screen already is kept up to date
    const isKept = entry.watchers.size > 0 && entry.data !== undefined;
    entry.watchers.add(watcher);
    // it may have come after this part was drawn, and before it watched
    if (isKept) watcher.onChange();
    else if (entry.running === null) void this.load(entry);
    return () => {
      entry.watchers.delete(watcher);
      if (entry.watchers.size > 0) return;
      entry.running?.abort();
      entry.running = null;
      entry.again = false;
      entry.isDue = false;
      clearTimeout(entry.timer);
      entry.timer = undefined;
    };
  }

  /** What is known under `key`, old as it may be. */
  known(key: string): Known | undefined {
    return this.entries.get(key);
  }

  /** Puts what came by another way, as the next page of a list. */
  put(key: string, data: unknown): void {
    const entry = this.entry(key);
    entry.data = data;
    tell(entry);
  }

  /** Asks again at once: somebody at this page wants it, or has just changed it. */
  reload(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined || entry.watchers.size === 0) return;
    if (entry.running === null) void this.load(entry);
    else entry.again = true;
  }

  /** Asks again at once for all that is shown under keys that begin with `prefix`. */
  invalidate(prefix: string): void {
    for (const key of this.entries.keys()) if (key.startsWith(prefix)) this.reload(key);
  }

  /** Something happened elsewhere: asks again for what is shown and `concerns` it, at its pace. */
  refresh(concerns: (key: string, data: unknown) => boolean): void {
    for (const [key, entry] of this.entries) {
      if (entry.watchers.size > 0 && concerns(key, entry.data)) this.schedule(entry);
    }
  }

  /** The page is hidden: what is requested is remembered, and asked for when it is visible again. */
  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    for (const entry of this.entries.values()) if (entry.isDue) this.schedule(entry);
  }

  /** Forgets everything: another person signs in. What is shown is asked for again. */
  clear(): void {
    for (const [key, entry] of this.entries) {
      entry.data = undefined;
      entry.problem = undefined;
      if (entry.watchers.size === 0) this.entries.delete(key);
      else this.reload(key);
    }
  }

  private entry(key: string): Entry {
    const found = this.entries.get(key);
    if (found !== undefined) return found;
    const made: Entry = {
      data: undefined,
      problem: undefined,
      watchers: new Set(),
      running: null,
      again: false,
      startedAt: -Infinity,
      timer: undefined,
      isDue: false,
    };
    this.entries.set(key, made);
    return made;
  }

  private schedule(entry: Entry): void {
    entry.isDue = true;
    if (this.paused || entry.timer !== undefined) return;
    const cost = Math.max(1, ...[...entry.watchers].map((watcher) => watcher.cost()));
    const wait = Math.max(gatherMs, entry.startedAt + paceMs * cost - Date.now());
    entry.timer = setTimeout(() => {
      entry.timer = undefined;
      if (this.paused || !entry.isDue) return;
      if (entry.running === null) void this.load(entry);
      else entry.again = true;
    }, wait);
  }

  private async load(entry: Entry): Promise<void> {
    const watcher = [...entry.watchers].at(-1);
    if (watcher === undefined) return;
    const stop = new AbortController();
    entry.running = stop;
    entry.again = false;
    entry.isDue = false;
    entry.startedAt = Date.now();
    try {
      const data = await watcher.fetcher(stop.signal);
      if (stop.signal.aborted) return;
      entry.data = data;
      entry.problem = undefined;
    } catch (error) {
      if (stop.signal.aborted) return;
      entry.problem = error;
    }
    entry.running = null;
    tell(entry);
    if (entry.again) void this.load(entry);
  }
}

function tell(entry: Entry): void {
  for (const watcher of entry.watchers) watcher.onChange();
}
