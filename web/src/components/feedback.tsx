import type { ComponentChildren, JSX } from 'preact';
import type { ApiProblem } from '../api/problem.ts';
import { useDelay } from '../app/load.ts';
import { Button } from './button.tsx';
import { Icon, type IconName } from './icon.tsx';

/** What went wrong, in the server's words, with the id that its log has too. */
export function ProblemBox({
  problem,
  retry,
  what,
}: {
  problem: ApiProblem;
  retry?: () => void;
  what?: string;
}): JSX.Element {
  return (
    <div class="problem" role="alert">
      <Icon name="alert" />
      <div class="grow">
        <strong>{what ? `${what}: ${problem.title}` : problem.title}</strong>
        {problem.detail !== '' && <p>{problem.detail}</p>}
        {problem.errors.length > 0 && (
          <ul>
            {problem.errors.map((error) => (
              <li key={error.pointer + error.detail}>
                <code>{error.pointer}</code> {error.detail}
              </li>
            ))}
          </ul>
        )}
        {problem.requestId && (
          <p class="meta">
            Request <code>{problem.requestId}</code>
          </p>
        )}
      </div>
      {retry && (
        <Button small icon="rerun" onClick={retry}>
          Retry
        </Button>
      )}
    </div>
  );
}

/** What it is, why there is nothing, and the one next step. */
export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
  action?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <Icon name={icon} size={24} />
      <strong>{title}</strong>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

/** Grey rows in the shape of a list, after 150 ms. */
export function Skeleton({ rows = 5 }: { rows?: number }): JSX.Element {
  const show = useDelay(150);
  return (
    <div
      class={`skeleton ${show ? '' : 'waiting'}`}
      role="status"
      aria-busy="true"
      aria-label="Loading"
    >
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} class="skeleton-row">
          <span />
          <span />
          <span />
        </div>
      ))}
    </div>
  );
}

/** Shows a loaded thing, its skeleton, or its problem (old data stay on screen under the problem). */
export function Show<T>({
  loaded,
  rows,
  what,
  children,
}: {
  loaded: { data: T | undefined; problem: ApiProblem | undefined; reload: () => void };
  rows?: number;
  what?: string;
  children: (data: T) => ComponentChildren;
}): JSX.Element {
  const { data, problem, reload } = loaded;
  return (
    <>
      {problem && <ProblemBox problem={problem} retry={reload} {...(what ? { what } : {})} />}
      {data === undefined ? !problem && <Skeleton rows={rows ?? 5} /> : children(data)}
    </>
  );
}

/** The button under a list that has more pages. */
export function More({
  list,
}: {
  list: { more: (() => void) | null; loadingMore: boolean };
}): JSX.Element | null {
  if (list.more === null) return null;
  return (
    <div class="more">
      <Button kind="quiet" pending={list.loadingMore} onClick={list.more}>
        Show more
      </Button>
    </div>
  );
}
