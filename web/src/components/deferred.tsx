import { type FunctionComponent, h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiProblem } from '../api/problem.ts';
import { ProblemBox, Skeleton } from './feedback.tsx';

interface DeferredOptions {
  /** shown while it loads: the shape of a list, or nothing (overlays) */
  placeholder?: 'rows' | 'none';
}

/**
 * A component whose code is fetched when it is first shown. A fetch that fails (no connection, or the page is older
 * than the server) says so and can be tried again.
 */
export function deferred<P extends object>(
  load: () => Promise<FunctionComponent<P>>,
  options: DeferredOptions = {},
): FunctionComponent<P> {
  let ready: FunctionComponent<P> | undefined;
  return function Deferred(props: P): JSX.Element | null {
    const [state, setState] = useState<'loading' | 'ready' | 'failed'>(ready ? 'ready' : 'loading');
    useEffect(() => {
      if (state !== 'loading') return undefined;
      let gone = false;
      load().then(
        (component) => {
          ready = component;
          if (!gone) setState('ready');
        },
        () => {
          if (!gone) setState('failed');
        },
      );
      return () => {
        gone = true;
      };
    }, [state]);
    if (ready) return h(ready, props);
    if (state === 'failed') return <Failed />;
    return options.placeholder === 'none' ? null : <Skeleton rows={6} />;
  };
}

function Failed(): JSX.Element {
  const problem = new ApiProblem(
    0,
    {
      title: 'This part of the page did not load',
      detail: 'The connection broke, or Slipway was updated since this page was opened.',
    },
    null,
  );
  return (
    <ProblemBox
      problem={problem}
      retry={() => {
        location.reload();
      }}
    />
  );
}
