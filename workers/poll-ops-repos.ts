import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../contracts/config.ts';
import { claimFetches, type FetchClaim } from '../domain/deploy/claim-fetches.ts';
import { fetchClaimed, type FetchDeps } from '../domain/deploy/fetch-ops-repo.ts';
import { adoptOwnAddresses, sweepMirrors } from '../domain/deploy/maintain-ops-repos.ts';
import { publicUrl } from './public-url.ts';

/** How often the database is asked for what is due. */
const POLL_MS = 1000;
/** Fetches side by side: one that hangs holds up no other. */
const AT_ONCE = 6;
const SWEEP_MS = 3_600_000;

export type PollDeps = FetchDeps & { config: Pick<Config, 'server'> };

/**
 * Fetches foreign ops repositories, each in its interval. Any number of processes may: each fetch is one's alone. What is
 * set in motion by it goes through the outbox.
 * @returns stops it, when the fetches at hand have been ended
 */
export function pollOpsRepos(deps: PollDeps): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = new Set<Promise<void>>();
  let nextSweep = 0;
  const loop = async () => {
    while (!signal.aborted) {
      if (Date.now() >= nextSweep && (await tend(deps))) nextSweep = Date.now() + SWEEP_MS;
      const free = AT_ONCE - running.size;
      const due = free > 0 ? await claimDue(deps, free) : [];
      for (const claim of due) {
        const one = fetchOne(deps, claim, signal).finally(() => running.delete(one));
        running.add(one);
      }
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(running);
  };
  const done = loop();
  return async () => {
    stopping.abort();
    await done;
  };
}

async function claimDue(deps: PollDeps, limit: number): Promise<FetchClaim[]> {
  try {
    return await claimFetches(deps.db, limit);
  } catch (error) {
    deps.log.warn({ err: error }, 'ops repositories due could not be read');
    return [];
  }
}

/** How a fetch ended is in the database. When that is away, the claim runs out and another one tries. */
async function fetchOne(deps: PollDeps, claim: FetchClaim, signal: AbortSignal): Promise<void> {
  try {
    await fetchClaimed(deps, claim, signal);
  } catch (error) {
    deps.log.warn({ ops_repo_id: claim.id, err: error }, 'a fetch could not be written down');
  }
}

/** @returns false when it has to be tried again soon */
async function tend({ db, mirrors, log, config }: PollDeps): Promise<boolean> {
  try {
    await adoptOwnAddresses(db, publicUrl(config));
    const swept = await sweepMirrors(db, mirrors);
    if (swept > 0) log.info({ swept }, 'mirrors of ops repositories that are gone were removed');
    return true;
  } catch (error) {
    log.warn({ err: error }, 'mirrors of ops repositories could not be tended');
    return false;
  }
}
