import { Context } from '@temporalio/activity';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { refKey, refOf } from '../../contracts/deploy/manifest.ts';
import type { LiveObject, ObjectHealth, TargetScope } from '../../contracts/deploy/target.ts';
import type { WaveRef, WaveVerdict } from '../../contracts/deploy/types.ts';
import { placementOf } from '../../domain/deploy/render/hooks.ts';
import {
  keyOfObject,
  listWaveObjects,
  readObject,
  setObjectStatus,
} from '../../domain/deploy/sync-objects.ts';
import type { DeploymentSyncObject } from '../../prisma/generated/client.ts';
import type { DeployActivityDeps } from './deps.ts';
import { hasEnded, isLastWave, removeEndedHooks } from './end-hooks.ts';
import { loadCurrent, loadPrevious, loadSync } from './load-sync.ts';

const pollMs = 300;
const bakePollMs = 500;
/** What was healthy and is not ready for this long in its bake is lost; shorter, a pod was moved or one more was asked for. */
const lostAfterMs = 15_000;

/** Sleeps as an activity: beats, and ends at once when it is cancelled. */
async function pause(ms: number): Promise<void> {
  const context = Context.current();
  context.heartbeat();
  await context.sleep(ms);
}

const isGood = ({ status }: ObjectHealth) => status === 'healthy' || status === 'suspended';
const isBad = ({ status }: ObjectHealth) => status === 'degraded';

interface Watched {
  manifest: Manifest;
  health: () => Promise<ObjectHealth>;
  /** it runs, and has failed when it has not ended in time */
  isRun: boolean;
  told: (health: ObjectHealth) => Promise<void>;
}

/** Polls until all are healthy, one is degraded, or time is up. */
async function untilHealthy(watched: readonly Watched[], timeoutMs: number): Promise<WaveVerdict> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const waiting: (Watched & { named: string })[] = [];
    for (const one of watched) {
      const { manifest } = one;
      const health = await one.health();
      await one.told(health);
      const named = `${manifest.kind} ${manifest.metadata.name}: ${health.message}`;
      if (isBad(health)) return { healthy: false, reason: named };
      if (!isGood(health)) waiting.push({ ...one, named });
    }
    if (waiting.length === 0) return { healthy: true };
    if (Date.now() >= end) {
      const message = `not healthy after ${String(Math.round(timeoutMs / 1000))} s`;
      const late: ObjectHealth = { status: 'degraded', message };
      for (const { isRun, told } of waiting) if (isRun) await told(late);
      const first = waiting.slice(0, 3).map(({ named }) => named);
      return { healthy: false, reason: `${message}: ${first.join('; ')}` };
    }
    await pause(pollMs);
  }
}

/** See DeployEffects.awaitWave. After the last wave hooks go, as their delete policy says. */
export function awaitWave(deps: DeployActivityDeps) {
  return async ({
    syncId,
    timeoutMs,
    ...wave
  }: { syncId: string; timeoutMs: number } & WaveRef): Promise<WaveVerdict> => {
    const loaded = await loadSync(deps, syncId);
    const { scope } = loaded;
    const manifests = await loadCurrent(deps, loaded);
    const watched: Watched[] = [];
    for (const object of await listWaveObjects(deps.db, syncId, wave)) {
      const manifest = manifests.get(keyOfObject(object));
      if (manifest === undefined) continue;
      const told = async (health: ObjectHealth) => {
        const status = isGood(health) ? 'healthy' : isBad(health) ? 'failed' : 'applied';
        await setObjectStatus(deps.db, object, status, health.message);
      };
      const isRun = placementOf(manifest).isHook;
      const live = () => deps.target.health(scope, refOf(manifest));
      const health = isRun ? () => hookHealth(deps, object, live) : live;
      watched.push({ manifest, health, isRun, told });
    }
    const verdict = await untilHealthy(watched, timeoutMs);
    if (verdict.healthy && (await isLastWave(deps, syncId, wave))) {
      await removeEndedHooks(deps, loaded, manifests);
    }
    return verdict;
  };
}

/** A hook that ended is asked of its row: it may be gone by its delete policy, and this be told a second time. */
async function hookHealth(
  { db }: DeployActivityDeps,
  object: DeploymentSyncObject,
  live: () => Promise<ObjectHealth>,
): Promise<ObjectHealth> {
  const row = await readObject(db, object);
  if (!hasEnded(row)) return await live();
  return { status: row.status === 'healthy' ? 'healthy' : 'degraded', message: row.message ?? '' };
}

const silently = () => Promise.resolve();

/** See DeployEffects.awaitUndone. Hooks that ended go first, as their delete policy says. */
export function awaitUndone(deps: DeployActivityDeps) {
  return async ({
    syncId,
    timeoutMs,
  }: {
    syncId: string;
    timeoutMs: number;
  }): Promise<WaveVerdict> => {
    const loaded = await loadSync(deps, syncId);
    const { scope } = loaded;
    const current = await loadCurrent(deps, loaded);
    await removeEndedHooks(deps, loaded, current);
    const previous = await loadPrevious(deps, loaded);
    const watched = [...previous.values()]
      .filter((manifest) => !placementOf(manifest).isHook)
      .map((manifest) => ({
        manifest,
        health: () => deps.target.health(scope, refOf(manifest)),
        isRun: false,
        told: silently,
      }));
    return await untilHealthy(watched, timeoutMs);
  };
}

/** See DeployEffects.watchBake. */
export function watchBake(deps: DeployActivityDeps) {
  return async ({ syncId, bakeMs }: { syncId: string; bakeMs: number }): Promise<WaveVerdict> => {
    const loaded = await loadSync(deps, syncId);
    const { scope } = loaded;
    const manifests = await loadCurrent(deps, loaded);
    const lasting = [...manifests.values()].filter((manifest) => !placementOf(manifest).isHook);
    const watch = new BakeWatch(Date.now() + bakeMs);
    for (;;) {
      for (const manifest of lasting) {
        const health = await deps.target.health(scope, refOf(manifest));
        if (watch.isLost(refKey(refOf(manifest)), health, Date.now())) {
          const named = `${manifest.kind} ${manifest.metadata.name}: ${health.message}`;
          return { healthy: false, reason: `while it baked: ${named}` };
        }
      }
      const waitMs = watch.restMs(Date.now());
      if (waitMs <= 0) return { healthy: true };
      await pause(Math.min(bakePollMs, waitMs));
    }
  };
}

/** Decides when a revision is lost while it bakes. What is not ready when its time is up is watched until that is clear. */
export class BakeWatch {
  readonly #endMs: number;
  /** since when an object was seen not to be good, ms since epoch */
  readonly #unhealthy = new Map<string, number>();

  /** @param endMs ms since epoch */
  constructor(endMs: number) {
    this.#endMs = endMs;
  }

  /** Gone or broken is lost at once; not ready, after `lostAfterMs`. */
  isLost(key: string, health: ObjectHealth, now: number): boolean {
    if (isBad(health) || health.status === 'missing') return true;
    if (isGood(health)) {
      this.#unhealthy.delete(key);
      return false;
    }
    const since = this.#unhealthy.get(key) ?? now;
    this.#unhealthy.set(key, since);
    return now - since >= lostAfterMs;
  }

  /** How long there is still something to watch, ms; 0: it is good. */
  restMs(now: number): number {
    const oldest = Math.min(...this.#unhealthy.values());
    return Math.max(
      0,
      this.#endMs - now,
      this.#unhealthy.size > 0 ? oldest + lostAfterMs - now : 0,
    );
  }
}

/**
 * Health of a whole revision, with the first thing that is wrong.
 * @param owned its objects by `refKey`, as they were listed a moment ago
 */
export async function healthOf(
  deps: DeployActivityDeps,
  scope: TargetScope,
  manifests: ReadonlyMap<string, Manifest>,
  owned: ReadonlyMap<string, LiveObject>,
): Promise<{ healthy: boolean; message: string | null }> {
  for (const [key, manifest] of manifests) {
    if (placementOf(manifest).isHook) continue;
    const health = await deps.target.health(scope, refOf(manifest), owned.get(key));
    if (isGood(health)) continue;
    return { healthy: false, message: `${key}: ${health.message}` };
  }
  return { healthy: true, message: null };
}
