/** A part of something that grows, and where the next one begins. */
export interface Part<P> {
  pieces: P[];
  next: number;
  isEnd: boolean;
  /** state of what writes it */
  status: string;
}

export interface FollowPartsOptions<P> {
  ask: (offset: number, signal: AbortSignal) => Promise<Part<P>>;
  onPieces: (pieces: P[]) => void;
  onConnected: (connected: boolean) => void;
  onEnd: () => void;
  /** the server will not give it, however often it is asked */
  isRefusal: (error: unknown) => boolean;
  onRefused: () => void;
  /** resolves when the next part is wanted, of what has ended too; at once unless told */
  untilWanted?: (part: Part<P>) => Promise<void>;
  /** nobody looks: it is not asked until `wake` */
  isLookedAt: () => boolean;
}

/** Pause after something came, and the longest one while nothing comes, ms. */
export const busyMs = 500;
export const quietMs = 2_000;
const longestMs = 15_000;
/** Answers without anything of a log that should have ended: its rest is gone. */
const mostEmpty = 5;

/**
 * Asks for part after part until the end: at once while there is more, then every half second, less often while nothing
 * comes. @returns `wake` asks now, where a pause is under way; `stop` ends it
 */
export function followParts<P>(options: FollowPartsOptions<P>): {
  wake: () => void;
  stop: () => void;
} {
  const stop = new AbortController();
  const rest = new Pause(options.isLookedAt);

  const run = async (): Promise<void> => {
    let offset = 0;
    let waitMs = busyMs;
    let empty = 0;
    while (!stop.signal.aborted) {
      try {
        const part = await options.ask(offset, stop.signal);
        if (stop.signal.aborted) return;
        options.onConnected(true);
        if (part.pieces.length > 0) options.onPieces(part.pieces);
        const came = part.next > offset;
        offset = part.next;
        empty = came || isGoingOn(part.status) ? 0 : empty + 1;
        if (part.isEnd || empty > mostEmpty) {
          options.onEnd();
          return;
        }
        await options.untilWanted?.(part);
        // The first part, or one of many: the next one is there already, or will be soon.
        if (came && part.pieces.length > 1) continue;
        waitMs = came ? busyMs : Math.min(waitMs * 1.5, quietMs);
      } catch (error) {
        if (stop.signal.aborted) return;
        if (options.isRefusal(error)) {
          options.onRefused();
          return;
        }
        options.onConnected(false);
        waitMs = Math.min(waitMs * 2, longestMs);
      }
      await rest.take(waitMs);
    }
  };
  void run();
  return {
    wake: () => {
      if (options.isLookedAt()) rest.end();
    },
    stop: () => {
      stop.abort();
      rest.end();
    },
  };
}

/** A pause that ends by itself as long as somebody looks, or when it is told to. */
class Pause {
  private readonly isLookedAt: () => boolean;
  end: () => void = () => undefined;

  constructor(isLookedAt: () => boolean) {
    this.isLookedAt = isLookedAt;
  }

  take(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.isLookedAt() ? setTimeout(resolve, ms) : undefined;
      this.end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function isGoingOn(status: string): boolean {
  return status === 'running' || status === 'pending' || status === 'waiting';
}
