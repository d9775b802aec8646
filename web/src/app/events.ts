import { signal } from '@preact/signals';
import type { EventRecord } from '../../../contracts/event/types.ts';
import { isActivity } from '../lib/activity.ts';
import { concerns } from '../lib/event-concerns.ts';
import {
  type Channel,
  type FollowHandlers,
  SharedStream,
  type Told,
} from '../lib/shared-stream.ts';
import type { ServerEvent } from '../lib/sse.ts';
import { cache } from './load.ts';
import { checkSession } from './session.ts';
import { followStream } from './stream.ts';

/** Whether live changes come: they are `lost` for a while, or `off` because the server sends none. */
export const live = signal<'on' | 'lost' | 'off'>('on');

/** The newest events of those that people want to hear of, which came while the page was open, newest first. */
export const recentEvents = signal<EventRecord[]>([]);

/** How much of what was before a first connection comes too, s: a page reads what it shows before it is connected. */
const recentSeconds = 15;

/** After a refusal that was no end of the session, ms. */
const refusedMs = 5_000;

const idOfPlace = new Map<string, string>();
const hearers = new Set<(event: EventRecord) => void>();

/** A page knows which project stands at `owner/name`: events tell the id alone. */
export function rememberPlace(place: string, projectId: string): void {
  idOfPlace.set(place, projectId);
}

/** Hears each event as it comes. @returns ends it */
export function onLiveEvent(hear: (event: EventRecord) => void): () => void {
  hearers.add(hear);
  return () => hearers.delete(hear);
}

/**
 * Follows what happens as long as somebody is signed in: what is shown refreshes in place. One connection for all pages
 * of this browser; hidden ones hear without asking. @returns ends it
 */
export function followEvents(userId: string): () => void {
  const stream = new SharedStream({
    name: `slipway.events.${userId}`,
    // not there for a page without TLS from another machine
    locks: (navigator as Partial<Navigator>).locks,
    openChannel: (hearMessage) => openChannel(`slipway.events.${userId}`, hearMessage),
    follow,
    onEvent: hear,
    onGap: () => {
      recentEvents.value = [];
      cache.refresh(() => true);
    },
    onConnection: (connected) => {
      live.value = connected ? 'on' : 'lost';
    },
  });
  const look = (): void => {
    if (document.hidden) {
      cache.pause();
      stream.hide();
    } else {
      cache.resume();
      stream.show();
    }
  };
  const leave = (): void => {
    stream.stop();
  };
  // it was not there to hear whether somebody signed out, or in as another
  const back = (event: PageTransitionEvent): void => {
    if (!event.persisted) return;
    void checkSession();
    look();
  };
  const wake = (): void => {
    void checkSession();
  };
  look();
  document.addEventListener('visibilitychange', look);
  document.addEventListener('resume', wake);
  addEventListener('pagehide', leave);
  addEventListener('pageshow', back);
  return () => {
    document.removeEventListener('visibilitychange', look);
    document.removeEventListener('resume', wake);
    removeEventListener('pagehide', leave);
    removeEventListener('pageshow', back);
    stream.stop();
    live.value = 'on';
    recentEvents.value = [];
  };
}

function openChannel(name: string, hearMessage: (message: unknown) => void): Channel {
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    hearMessage(data);
  };
  return {
    post: (message) => {
      channel.postMessage(message);
    },
    close: () => {
      channel.close();
    },
  };
}

function follow(after: string | null, handlers: FollowHandlers): () => void {
  let again: ReturnType<typeof setTimeout> | undefined;
  const stop = followStream({
    after,
    url: (id) => (id === null ? `/api/v1/events?recent=${recentSeconds}` : '/api/v1/events'),
    onConnection: handlers.onConnection,
    onEvent: (event) => {
      handlers.onEvent(toTold(event));
    },
    onRefused: (status) => {
      if (status === 404) {
        live.value = 'off';
        return;
      }
      // Whoever is signed out is led to the sign-in page, and this ends; else it is tried again, as from the start.
      handlers.onConnection(false);
      void checkSession();
      again = setTimeout(() => {
        handlers.onEvent({ type: 'gap', data: '', position: '' });
        end = follow(null, handlers);
      }, refusedMs);
    },
  });
  let end = stop;
  return () => {
    clearTimeout(again);
    end();
  };
}

function toTold({ type, data }: ServerEvent): Told {
  return { type, data, position: parseRecord(data)?.position ?? '' };
}

function hear({ data }: Told): void {
  const event = parseRecord(data);
  if (event === null) return;
  const known = { idOfPlace: (place: string) => idOfPlace.get(place) };
  cache.refresh((key, data) => concerns(event, key, { ...known, data }));
  for (const hearer of hearers) hearer(event);
  if (isActivity(event)) {
    recentEvents.value = [event, ...recentEvents.value].slice(0, 30);
  }
}

function parseRecord(data: string): EventRecord | null {
  try {
    const value = JSON.parse(data) as Partial<EventRecord>;
    return typeof value.id === 'string' && typeof value.type === 'string'
      ? (value as EventRecord)
      : null;
  } catch {
    return null;
  }
}
