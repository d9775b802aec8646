import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type ApiProblem, toProblem } from '../api/problem.ts';
import type { Page } from '../api/types.ts';

/** What a page knows of something that it asked for. Old data stays while new data comes. */
export interface Loaded<T> {
  data: T | undefined;
  problem: ApiProblem | undefined;
  reload: () => void;
}

const cache = new Map<string, unknown>();
const stale = new Set<string>();
const watchers = new Map<string, Set<() => void>>();

/** Forgets everything: another person signs in. */
export function clearCache(): void {
  cache.clear();
}

/** Asks again for everything whose key starts with `prefix`: at once if it is on screen, else when it is next shown. */
export function invalidate(prefix: string): void {
  for (const key of cache.keys()) if (key.startsWith(prefix)) stale.add(key);
  for (const [key, callbacks] of watchers) {
    if (key.startsWith(prefix)) for (const callback of callbacks) callback();
  }
}

/**
 * Loads with `fetcher` under `key`; a null key loads nothing. What was loaded before under the key is shown at once
 * and refreshed; `invalidate` refreshes it in place.
 */
export function useLoad<T>(
  key: string | null,
  fetcher: (signal: AbortSignal) => Promise<T>,
): Loaded<T> {
  const [, redraw] = useState(0);
  const problems = useRef<{ key: string | null; problem?: ApiProblem }>({ key: null });
  const latest = useRef(fetcher);
  latest.current = fetcher;
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => {
    setTurn((value) => value + 1);
  }, []);

  useEffect(() => {
    if (key === null) return undefined;
    const watching = watchers.get(key) ?? new Set();
    watchers.set(key, watching.add(reload));
    return () => {
      watching.delete(reload);
      if (watching.size === 0) watchers.delete(key);
    };
  }, [key, reload]);

  useEffect(() => {
    if (key === null) return undefined;
    const stop = new AbortController();
    stale.delete(key);
    latest.current(stop.signal).then(
      (data) => {
        if (stop.signal.aborted) return;
        cache.set(key, data);
        problems.current = { key };
        redraw((value) => value + 1);
      },
      (error: unknown) => {
        if (stop.signal.aborted) return;
        problems.current = { key, problem: toProblem(error) };
        redraw((value) => value + 1);
      },
    );
    return () => {
      stop.abort();
    };
  }, [key, turn]);

  const data = key === null ? undefined : (cache.get(key) as T | undefined);
  const problem = problems.current.key === key ? problems.current.problem : undefined;
  return { data, problem, reload };
}

export interface LoadedList<T> extends Loaded<T[]> {
  /** asks for the next page; null when there is none */
  more: (() => void) | null;
  loadingMore: boolean;
}

/** A list page by page. `fetchPage` takes the cursor of the page before, or undefined. */
export function useList<T>(
  key: string | null,
  fetchPage: (cursor: string | undefined, signal?: AbortSignal) => Promise<Page<T>>,
): LoadedList<T> {
  const first = useLoad(key, (signal) => fetchPage(undefined, signal));
  const [rest, setRest] = useState<{ key: string | null; pages: Page<T>[] }>({ key, pages: [] });
  const [loadingMore, setLoadingMore] = useState(false);
  const pages = rest.key === key ? rest.pages : [];
  const cursor = (pages.at(-1) ?? first.data)?.nextCursor ?? null;
  const more = (): void => {
    if (loadingMore || cursor === null) return;
    setLoadingMore(true);
    fetchPage(cursor)
      .then((page) => {
        setRest({ key, pages: [...pages, page] });
      })
      .catch(() => undefined)
      .finally(() => {
        setLoadingMore(false);
      });
  };
  const items = first.data ? [first.data, ...pages].flatMap((page) => page.items) : undefined;
  return {
    data: items,
    problem: first.problem,
    reload: first.reload,
    more: cursor === null ? null : more,
    loadingMore,
  };
}

/** The last data that there were, while those for a changed filter are still on their way. */
export function useKept<T, L extends Loaded<T>>(loaded: L): L {
  const kept = useRef(loaded.data);
  if (loaded.data !== undefined) kept.current = loaded.data;
  return { ...loaded, data: loaded.data ?? kept.current };
}

/** `value` after it has not changed for a fifth of a second: what is typed asks the server once, not at each key. */
export function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => {
      setSettled(value);
    }, 200);
    return () => {
      clearTimeout(timer);
    };
  }, [value]);
  return settled;
}

/** True after `ms` of waiting: skeletons do not flash when the answer is quick. */
export function useDelay(ms: number): boolean {
  const [passed, setPassed] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      setPassed(true);
    }, ms);
    return () => {
      clearTimeout(timer);
    };
  }, [ms]);
  return passed;
}

/** An action of a button: pending state, the problem it ended with, and `run`. */
export function useAction<A extends unknown[]>(
  work: (...args: A) => Promise<void>,
): {
  pending: boolean;
  problem: ApiProblem | undefined;
  run: (...args: A) => void;
  clear: () => void;
} {
  const [state, setState] = useState<{ pending: boolean; problem?: ApiProblem }>({
    pending: false,
  });
  const run = (...args: A): void => {
    if (state.pending) return;
    setState({ pending: true });
    work(...args).then(
      () => {
        setState({ pending: false });
      },
      (error: unknown) => {
        setState({ pending: false, problem: toProblem(error) });
      },
    );
  };
  return {
    ...state,
    problem: state.problem,
    run,
    clear: () => {
      setState({ pending: false });
    },
  };
}
