import type { Listener } from '../shared/listen.ts';
import { logChannel } from './log-chunks.ts';

export interface LogFollower {
  /** Resolves at the next announcement, also one that came since the last call, after `timeoutMs`, or on abort. */
  next(timeoutMs: number, signal: AbortSignal): Promise<void>;
  stop(): void;
}

/** Hands announcements of one process to the followers of the step they speak of: one subscription for all. */
export interface LogHub {
  follow(stepId: string): LogFollower;
  /** steps that are followed now */
  readonly followed: number;
  close(): void;
}

export function createLogHub(listener: Pick<Listener, 'on'>): LogHub {
  const followers = new Map<string, Set<() => void>>();
  const unsubscribe = listener.on(logChannel, (stepId) => {
    // an empty payload means that announcements may have been missed
    const told = stepId === '' ? [...followers.values()] : [followers.get(stepId) ?? []];
    for (const set of told) for (const wake of set) wake();
  });
  return {
    follow(stepId) {
      let isTold = false;
      let resolveNext: (() => void) | undefined;
      const wake = (): void => {
        isTold = true;
        resolveNext?.();
      };
      const set = followers.get(stepId) ?? new Set();
      followers.set(stepId, set.add(wake));
      return {
        next: async (timeoutMs, signal) => {
          if (!isTold && !signal.aborted) {
            await new Promise<void>((resolve) => {
              const done = (): void => {
                clearTimeout(timer);
                signal.removeEventListener('abort', done);
                resolveNext = undefined;
                resolve();
              };
              const timer = setTimeout(done, timeoutMs);
              signal.addEventListener('abort', done);
              resolveNext = done;
            });
          }
          isTold = false;
        },
        stop() {
          set.delete(wake);
          if (set.size === 0 && followers.get(stepId) === set) followers.delete(stepId);
        },
      };
    },
    get followed() {
      return followers.size;
    },
    close: unsubscribe,
  };
}
