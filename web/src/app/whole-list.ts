import { useEffect, useState } from 'preact/hooks';
import { type ApiProblem, toProblem } from '../api/problem.ts';
import type { Page } from '../api/types.ts';

/** What is known of a list that is read to its end. */
export interface WholeList<T> {
  items: readonly T[];
  /** false while further pages are on their way, or after one of them failed */
  complete: boolean;
  problem: ApiProblem | undefined;
  /** goes on where a page failed */
  retry: () => void;
}

interface Read<T> {
  of: Page<T>;
  pages: Page<T>[];
  problem?: ApiProblem;
}

/** The pages behind a first one, one after the other to the end. `fetchPage` need not keep its identity. */
export function useWholeList<T>(
  first: Page<T>,
  fetchPage: (cursor: string, signal: AbortSignal) => Promise<Page<T>>,
): WholeList<T> {
  const [state, setState] = useState<Read<T>>({ of: first, pages: [] });
  const read = state.of === first ? state : { of: first, pages: [] };
  const { pages, problem } = read;
  const cursor = (pages.at(-1) ?? first).nextCursor;
  useEffect(() => {
    if (cursor === null || problem !== undefined) return undefined;
    const stop = new AbortController();
    fetchPage(cursor, stop.signal).then(
      (page) => {
        if (!stop.signal.aborted) setState({ of: first, pages: [...pages, page] });
      },
      (error: unknown) => {
        if (!stop.signal.aborted) setState({ of: first, pages, problem: toProblem(error) });
      },
    );
    return () => {
      stop.abort();
    };
  }, [first, cursor, problem]);
  return {
    items: [first, ...pages].flatMap((page) => page.items),
    complete: cursor === null,
    problem,
    retry: () => {
      setState({ of: first, pages });
    },
  };
}
