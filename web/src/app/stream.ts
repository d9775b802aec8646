import { problemOf } from '../api/problem.ts';
import { EventStreamParser, type ServerEvent } from '../lib/sse.ts';

export interface StreamOptions {
  /** the address to open, from the id that is resumed at; null: none yet */
  url: (lastEventId: string | null) => string;
  /** resume here */
  after: string | null;
  onEvent: (event: ServerEvent) => void;
  /** false while the connection is lost; it is tried again by itself */
  onConnection: (connected: boolean) => void;
  /** the server refused for good (400, 401, 403, 404) */
  onRefused: (status: number) => void;
}

/**
 * Follows an event stream and resumes it with `Last-Event-ID` after every break. Not `EventSource`, which gives up
 * on an answer such as 503, cannot be told where to start, and hides why it failed.
 */
export function followStream(options: StreamOptions): () => void {
  const stop = new AbortController();
  let lastEventId = options.after;
  let failures = 0;
  let wait = 1000;

  const once = async (): Promise<'stop' | 'again'> => {
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (lastEventId !== null) headers['last-event-id'] = lastEventId;
    const response = await fetch(options.url(lastEventId), { headers, signal: stop.signal });
    if ([400, 401, 403, 404].includes(response.status)) {
      options.onRefused(problemOf(response, null).status);
      return 'stop';
    }
    if (!response.ok || !response.body) return 'again';
    failures = 0;
    options.onConnection(true);
    const parser = new EventStreamParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return 'again';
      for (const event of parser.push(value)) {
        if (event.id !== null) lastEventId = event.id;
        options.onEvent(event);
      }
      wait = parser.retryMs ?? wait;
    }
  };

  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const outcome = await once().catch(() => 'again' as const);
      if (outcome === 'stop' || stop.signal.aborted) return;
      options.onConnection(false);
      failures += 1;
      const pause = Math.min(wait * 1.6 ** Math.min(failures - 1, 6), 15_000);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };
  void loop();
  return () => {
    stop.abort();
  };
}
