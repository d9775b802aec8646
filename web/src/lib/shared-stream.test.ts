import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  type Channel,
  type FollowHandlers,
  type Locks,
  SharedStream,
  silenceMs,
  type Told,
} from './shared-stream.ts';

/** The pages of one browser, and the server that they follow. */
class Browser implements Locks {
  readonly channels = new Set<(message: unknown) => void>();
  private holder: { reject: (error: Error) => void; end: () => void } | null = null;
  private queue: (() => void)[] = [];
  log: Told[] = [];
  readonly followers = new Set<FollowHandlers>();
  most = 0;

  readonly open = (hear: (message: unknown) => void): Channel => {
    this.channels.add(hear);
    return {
      post: (message) => {
        for (const other of this.channels) if (other !== hear) other(message);
      },
      close: () => this.channels.delete(hear),
    };
  };

  request(
    _name: string,
    { signal, steal }: { signal?: AbortSignal; steal?: boolean },
    work: () => Promise<void>,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        let ended = false;
        const end = (): void => {
          if (ended) return;
          ended = true;
          if (this.holder === own) {
            this.holder = null;
            this.queue.shift()?.();
          }
          resolve();
        };
        const own = { reject, end };
        this.holder = own;
        void work().then(end);
      };
      if (steal) {
        this.holder?.reject(new Error('stolen'));
        begin();
      } else if (this.holder === null) begin();
      else {
        this.queue.push(begin);
        signal?.addEventListener('abort', () => {
          this.queue = this.queue.filter((each) => each !== begin);
          reject(new Error('aborted'));
        });
      }
    });
  }

  readonly follow = (after: string | null, handlers: FollowHandlers): (() => void) => {
    this.followers.add(handlers);
    this.most = Math.max(this.most, this.followers.size);
    handlers.onConnection(true);
    const start =
      after === null ? this.log.length : this.log.findIndex((e) => e.position === after) + 1;
    for (const event of this.log.slice(start)) handlers.onEvent(event);
    return () => this.followers.delete(handlers);
  };

  happen(count = 1): void {
    for (let each = 0; each < count; each += 1) {
      const event = { type: 'x', data: '', position: `1-${String(this.log.length + 1)}` };
      this.log.push(event);
      for (const follower of [...this.followers]) follower.onEvent(event);
    }
  }
}

describe('the event stream of the pages of one browser', () => {
  let browser: Browser;
  const settle = (ms = 0): Promise<void> => jest.advanceTimersByTimeAsync(ms).then(() => undefined);

  interface PageOfTest {
    stream: SharedStream;
    seen: string[];
    gaps: number;
    states: boolean[];
  }

  function page(locks: Locks | undefined = browser): PageOfTest {
    const seen: string[] = [];
    const states: boolean[] = [];
    const made: PageOfTest = {
      seen,
      states,
      gaps: 0,
      stream: new SharedStream({
        name: 'events',
        locks,
        openChannel: browser.open,
        follow: browser.follow,
        onEvent: ({ position }) => seen.push(position),
        onGap: () => (made.gaps += 1),
        onConnection: (connected) => states.push(connected),
      }),
    };
    made.stream.show();
    return made;
  }

  const all = (): string[] => browser.log.map(({ position }) => position);

  beforeEach(() => {
    jest.useFakeTimers();
    browser = new Browser();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is one for ten pages, and each of them hears everything once', async () => {
    const pages = Array.from({ length: 10 }, () => page());
    await settle();
    browser.happen(5);
    expect(browser.followers.size).toBe(1);
    for (const each of pages) expect(each.seen).toEqual(all());
  });

  it('loses and doubles nothing when the page that follows is closed, hidden or left', async () => {
    const [first, second, third] = [page(), page(), page()];
    await settle();
    browser.happen(2);
    first.stream.stop();
    // between two that follow nobody hears
    browser.happen(3);
    await settle();
    browser.happen(1);
    expect(browser.followers.size).toBe(1);
    second.stream.hide();
    browser.happen(2);
    await settle();
    browser.happen(1);
    for (const each of [second, third]) expect(each.seen).toEqual(all());
    expect([second.gaps, third.gaps]).toEqual([0, 0]);
    expect(browser.most).toBe(1);
  });

  it('is held by no page that is hidden, and goes on where it was when one is looked at', async () => {
    const [one, two] = [page(), page()];
    await settle();
    browser.happen(1);
    one.stream.hide();
    two.stream.hide();
    await settle();
    expect(browser.followers.size).toBe(0);
    browser.happen(4);
    two.stream.show();
    await settle();
    for (const each of [one, two]) expect(each.seen).toEqual(all());
  });

  it('gives a page that comes back from the back/forward cache what it missed', async () => {
    const [one, two] = [page(), page()];
    await settle();
    browser.happen(1);
    two.stream.stop();
    expect(browser.channels.size).toBe(1);
    browser.happen(3);
    two.stream.show();
    await settle();
    expect(two.seen).toEqual(all());
    two.stream.stop();
    browser.happen(2_000);
    two.stream.show();
    await settle();
    // too much to tell: it asks again for what it shows
    expect(two.gaps).toBe(1);
    expect(one.seen).toEqual(all());
  });

  it('gives a page that is opened what happened while it loaded, and nothing older', async () => {
    page();
    await settle();
    browser.happen(3);
    await settle(60_000);
    browser.happen(2);
    expect(page().seen).toEqual(all().slice(3));
  });

  it('is taken over from a page that hangs, and given back when it wakes', async () => {
    const hung = page();
    await settle();
    const other = page();
    await settle();
    browser.happen(1);
    // its timers stand still, and so does its stream
    const beat = jest.spyOn(hung.stream as unknown as { beat: () => void }, 'beat');
    beat.mockImplementation(() => undefined);
    await settle(silenceMs + 10_000);
    browser.happen(2);
    expect(other.seen).toEqual(all());
    expect(browser.followers.size).toBe(1);
    beat.mockRestore();
    other.stream.stop();
    await settle();
    browser.happen(1);
    expect(hung.seen).toEqual(all());
  });

  it('asks again for what is shown after a long break, instead of for all that happened', async () => {
    const one = page();
    await settle();
    browser.happen(1);
    one.stream.hide();
    browser.happen(9);
    await settle(600_000);
    one.stream.show();
    await settle();
    expect(one.gaps).toBe(1);
    expect(one.seen).toEqual(['1-1']);
  });

  it('is one a page that is looked at where the browser has no locks', async () => {
    const [one, two] = [page(undefined), page(undefined)];
    await settle();
    browser.happen(2);
    expect([one.seen, two.seen]).toEqual([all(), all()]);
    two.stream.hide();
    expect(browser.followers.size).toBe(1);
  });

  it('tells all pages when the connection is lost and when it is there again', async () => {
    const [one, two] = [page(), page()];
    await settle();
    for (const connected of [false, true]) {
      for (const follower of browser.followers) follower.onConnection(connected);
    }
    expect([one.states, two.states]).toEqual([
      [false, true],
      [false, true],
    ]);
  });
});
