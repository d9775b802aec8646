import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { isStatus, KubeError } from './kube-error.ts';
import type { KubeRequest, SendToKube } from './kube-connection.ts';
import { Pacer } from './pacer.ts';

export interface RetryLimits {
  /** how long one call is repeated before its failure is given to the caller */
  forMs: number;
  firstWaitMs: number;
  longestWaitMs: number;
}

const defaultLimits: RetryLimits = { forMs: 45_000, firstWaitMs: 200, longestWaitMs: 8_000 };
const REQUESTS_PER_SECOND = 10;
const PAGE = '500';
const MAX_RELISTS = 5;

/**
 * Requests of deployments to one API server: at most 10 a second for each, repeated with growing, random waits while the
 * server is busy, failing or gone. Every request that is sent through here may be sent twice.
 */
export class KubeClient {
  readonly #send: SendToKube;
  readonly #limits: RetryLimits;
  readonly #pacer = new Pacer(REQUESTS_PER_SECOND);

  constructor(send: SendToKube, limits: Partial<RetryLimits> = {}) {
    this.#send = send;
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** @param key the deployment that it counts for */
  async request(key: string, request: KubeRequest): Promise<unknown> {
    const start = performance.now();
    for (let attempt = 0; ; attempt += 1) {
      const pause = this.#pacer.reserve(key, performance.now());
      if (pause > 0) await sleep(pause);
      try {
        return await this.#send(request);
      } catch (error) {
        if (!(error instanceof KubeError) || !error.isPassing) throw error;
        const wait = this.backoff(attempt, error.retryAfterMs);
        if (performance.now() - start + wait > this.#limits.forMs) throw error;
        await sleep(wait);
      }
    }
  }

  /** The object, or null when it is not there. */
  async get(key: string, path: string): Promise<Manifest | null> {
    try {
      return (await this.request(key, { method: 'GET', path })) as Manifest;
    } catch (error) {
      if (isStatus(error, 404)) return null;
      throw error;
    }
  }

  /** Every object of a list, page by page; begins anew when the server forgot the page it was at (410). */
  async list(key: string, path: string, query: Record<string, string>): Promise<Manifest[]> {
    for (let round = 0; ; round += 1) {
      try {
        return await this.#listOnce(key, path, query);
      } catch (error) {
        if (!isStatus(error, 410) || round >= MAX_RELISTS) throw error;
        await sleep(this.backoff(round, null));
      }
    }
  }

  /** Milliseconds to wait before another try: doubling, somewhere in the upper half, never sooner than was asked for. */
  backoff(attempt: number, retryAfterMs: number | null): number {
    const { firstWaitMs, longestWaitMs } = this.#limits;
    const wait = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(attempt, 20));
    return Math.max(retryAfterMs ?? 0, wait / 2 + (Math.random() * wait) / 2);
  }

  async #listOnce(key: string, path: string, query: Record<string, string>): Promise<Manifest[]> {
    const items: Manifest[] = [];
    let next = '';
    do {
      const page = (await this.request(key, {
        method: 'GET',
        path,
        query: { ...query, limit: PAGE, ...(next === '' ? {} : { continue: next }) },
      })) as ListAnswer;
      // The objects of a list leave out what the list says once for all of them.
      const { apiVersion } = page;
      const kind = page.kind.replace(/List$/, '');
      items.push(...page.items.map((item) => ({ ...item, apiVersion, kind })));
      next = page.metadata.continue ?? '';
    } while (next !== '');
    return items;
  }
}

interface ListAnswer {
  apiVersion: string;
  kind: string;
  metadata: { continue?: string };
  items: Manifest[];
}
