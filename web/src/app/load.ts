import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type ApiProblem, toProblem } from '../api/problem.ts';
import type { Page } from '../api/types.ts';
import { appendPage, type PagedList, walkPages } from '../lib/paged-list.ts';
import { QueryCache } from '../lib/query-cache.ts';
import { toast } from './toasts.ts';

/** What a page knows of something that it asked for. Old data stays while new data comes. */
export interface Loaded<T> {
  data: T | undefined;
  problem: ApiProblem | undefined;
  reload: () => void;
}

/** What the pages of this tab show. */
export const cache = new QueryCache();

/** Forgets everything: another person signs in. */
export function clearCache(): void {
  cache.clear();
}

/** Asks again at once for all that is shown under keys that begin with `prefix`: this page has changed it. */
export function invalidate(prefix: string): void {
  cache.invalidate(prefix);
}

/**
 * Loads with `fetcher` under `key`; a null key loads nothing. What was loaded before under the key is shown at once
 * and refreshed; `invalidate` and events refresh it in place. `cost`: how many requests one refresh takes.
 */
export function useLoad<T>(
  key: string | null,
  fetcher: (signal: AbortSignal) => Promise<T>,
  cost: (data: T) => number = () => 1,
): Loaded<T> {
  const [, redraw] = useState(0);
  const latest = useRef(fetcher);
  latest.current = fetcher;
  const reload = useCallback(() => {
    if (key !== null) cache.reload(key);
  }, [key]);
  useEffect(() => {
    if (key === null) return undefined;
    return cache.watch(key, {
      fetcher: (signal) => latest.current(signal),
      onChange: () => {
        redraw((value) => value + 1);
      },
      cost: () => {
        const data = cache.known(key)?.data as T | undefined;
        return data === undefined ? 1 : cost(data);
      },
    });
  }, [key]);
  const known = key === null ? undefined : cache.known(key);
  return {
    data: known?.data as T | undefined,
    problem: known?.problem === undefined ? undefined : toProblem(known.problem),
    reload,
  };
}

export interface LoadedList<T> extends Loaded<T[]> {
  /** asks for the next page; null when there is none */
  more: (() => void) | null;
  loadingMore: boolean;
}

/**
 * A list page by page. `fetchPage` takes the cursor of the page before, or undefined. A refresh asks for all pages that
 * are shown, so that no row goes when new ones push it to a later page.
 */
export function useList<T>(
  key: string | null,
  fetchPage: (cursor: string | undefined, signal?: AbortSignal) => Promise<Page<T>>,
): LoadedList<T> {
  const shown = (): PagedList<T> | undefined =>
    key === null ? undefined : (cache.known(key)?.data as PagedList<T> | undefined);
  const list = useLoad(
    key,
    (signal) => walkPages((cursor) => fetchPage(cursor, signal), shown),
    (data: PagedList<T>) => data.pages,
  );
  const [loadingMore, setLoadingMore] = useState(false);
  const more = (): void => {
    if (loadingMore || key === null) return;
    setLoadingMore(true);
    appendPage(fetchPage, shown)
      .then(
        (longer) => {
          if (longer !== undefined) cache.put(key, longer);
        },
        (error: unknown) => {
          toast(`No more could be shown: ${toProblem(error).title}`, 'failure');
        },
      )
      .finally(() => {
        setLoadingMore(false);
      });
  };
  const hasMore = (list.data?.nextCursor ?? null) !== null;
  return { ...list, data: list.data?.items, more: hasMore ? more : null, loadingMore };
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
