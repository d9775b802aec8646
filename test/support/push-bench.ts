import { setTimeout as sleep } from 'node:timers/promises';
import { makeWorkTree, type WorkTree } from './git-client.ts';
import { readServerEvents } from './sse.ts';

/** What of a running product is needed to work with it as a client does. */
export interface Served {
  baseUrl: string;
  adminToken: string;
  request(
    method: string,
    pathname: string,
    body?: unknown,
  ): Promise<{ status: number; body: unknown }>;
}

export interface StreamedEvent {
  type: string;
  createdAt: string;
  subjectId: string;
  payload: { pipelineId?: string; step?: string; status?: string; updates?: { newSha: string }[] };
}

export interface MeasuredPushes {
  /** from `created_at` of git.pushed to the first line of step 1 in a follower's hand, ms */
  toFirstLine: number[];
  /** the `git push` command itself, ms */
  pushes: number[];
}

export interface PushBenchOptions {
  project: string;
  pushes: number;
  /** made before the first push that counts */
  warm: number;
  /** what the first commit has besides the definition */
  files?: Record<string, string>;
  /** after each push that counts, when its run is over */
  between?: (work: WorkTree) => Promise<void>;
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0) * 10) / 10
  );
}

/** The events of a platform as they come. */
export interface EventTape {
  /** how many have come so far: a place on the tape */
  mark(): number;
  /** The first one from a place on that is wanted; fails after `timeoutMs`. */
  next(from: number, wanted: (event: StreamedEvent) => boolean): Promise<StreamedEvent>;
  /** Waits until so many are wanted from a place on. */
  count(from: number, wanted: (event: StreamedEvent) => boolean, atLeast: number): Promise<void>;
  /** what has come from a place on */
  since(from: number): StreamedEvent[];
  stop(): Promise<void>;
}

/**
 * Listens to the events of a platform; resolves when it is heard.
 * @param timeoutMs how long one may let us wait
 */
export async function listen(slipway: Served, timeoutMs = 240_000): Promise<EventTape> {
  const stop = new AbortController();
  const events: StreamedEvent[] = [];
  let wakers: (() => void)[] = [];
  let opened = (): void => undefined;
  const isOpen = new Promise<void>((resolve) => (opened = resolve));
  const listening = (async () => {
    const options = { token: slipway.adminToken, signal: stop.signal, opened };
    for await (const event of readServerEvents(`${slipway.baseUrl}/api/v1/events`, options)) {
      events.push(JSON.parse(event.data) as StreamedEvent);
      for (const wake of wakers.splice(0)) wake();
    }
  })();
  // it ends by our own stop, or by a failure that whoever waits for it hears
  listening.catch(() => undefined);
  const another = async (until: number): Promise<void> => {
    const heard = new Promise<void>((resolve) => wakers.push(resolve));
    const ended = listening.then(() => Promise.reject(new Error('the stream of events ended')));
    await Promise.race([heard, ended, late(until - Date.now())]);
  };
  await Promise.race([isOpen, listening]);
  return {
    mark: () => events.length,
    since: (from) => events.slice(from),
    next: async (from, wanted) => {
      const until = Date.now() + timeoutMs;
      for (;;) {
        const found = events.slice(from).find(wanted);
        if (found !== undefined) return found;
        await another(until);
      }
    },
    count: async (from, wanted, atLeast) => {
      const until = Date.now() + timeoutMs;
      while (events.slice(from).filter(wanted).length < atLeast) await another(until);
    },
    stop: async () => {
      wakers = [];
      stop.abort();
      await listening.catch(() => undefined);
    },
  };
}

async function late(ms: number): Promise<never> {
  await sleep(Math.max(0, ms), undefined, { ref: false });
  throw new Error('an event that was waited for did not come');
}

async function firstLine(slipway: Served, pipelineId: string, step: string): Promise<number> {
  const url = `${slipway.baseUrl}/api/v1/pipelines/${pipelineId}/steps/${step}/logs?follow=1`;
  for await (const event of readServerEvents(url, { token: slipway.adminToken })) {
    if (event.event === 'log') return Date.now();
  }
  throw new Error('the log ended without a line');
}

/** A project that is pushed to, one push at a time. */
export interface PushedProject {
  work: WorkTree;
  /** Pushes a commit, and follows its run to the end. */
  push(): Promise<{ toFirstLineMs: number; pushMs: number }>;
  close(): Promise<void>;
}

/**
 * Makes a project whose pipeline says hello.
 * @param files what its first commit has besides the definition
 */
export async function openPushes(
  slipway: Served,
  project: string,
  files: Record<string, string> = {},
): Promise<PushedProject> {
  await slipway.request('POST', '/api/v1/projects', { name: project });
  const work = await makeWorkTree(`${slipway.baseUrl}/admin/${project}.git`, slipway.adminToken);
  const definition = 'steps:\n  - { name: first, network: none, commands: ["echo hello"] }\n';
  await work.write({ ...files, '.platform.yaml': definition });
  const events = await listen(slipway);
  const follow = async (from: number, sha: string): Promise<number> => {
    const pushed = await events.next(
      from,
      ({ type, payload }) => type === 'git.pushed' && payload.updates?.[0]?.newSha === sha,
    );
    const started = await events.next(from, (event) => event.type === 'step.started');
    const at = await firstLine(slipway, started.payload.pipelineId ?? '', 'first');
    await events.next(from, (event) => event.type === 'pipeline.completed');
    return at - Date.parse(pushed.createdAt);
  };
  let count = 0;
  return {
    work,
    push: async () => {
      count += 1;
      await work.write({ n: String(count) });
      const sha = await work.commit(`push ${String(count)}`);
      const followed = follow(events.mark(), sha);
      const began = Date.now();
      await work.git('push', '--quiet', 'origin', 'HEAD:main');
      const pushMs = Date.now() - began;
      return { toFirstLineMs: await followed, pushMs };
    },
    close: async () => {
      await events.stop();
      await work.remove();
    },
  };
}

/** Pushes one after another to a project of its own, each followed from its event to the end of its run. */
export async function measurePushes(
  slipway: Served,
  { project, pushes, warm, files, between }: PushBenchOptions,
): Promise<MeasuredPushes> {
  const pushed = await openPushes(slipway, project, files);
  const measured: MeasuredPushes = { toFirstLine: [], pushes: [] };
  for (let i = 0; i < warm + pushes; i += 1) {
    const { toFirstLineMs, pushMs } = await pushed.push();
    if (i < warm) continue;
    measured.toFirstLine.push(toFirstLineMs);
    measured.pushes.push(pushMs);
    await between?.(pushed.work);
  }
  await pushed.close();
  return measured;
}
