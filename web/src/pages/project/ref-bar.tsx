import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import type { ProjectRef } from '../../api/resources.ts';
import { projectPath, useQuery, withQuery } from '../../app/location.ts';
import { RefPicker } from '../../components/ref-picker.tsx';

/** Which branch or tag is shown, and the way down to a path. */
export function RefBar({
  at,
  gitRef,
  path,
  page,
}: {
  at: ProjectRef;
  gitRef: string;
  path: string;
  /** where another ref leads: the same page */
  page: string;
}): JSX.Element {
  const { route } = useLocation();
  const { query } = useQuery();
  const parts = path === '' ? [] : path.split('/');
  const toTree = (to: string): string =>
    withQuery(projectPath(at.owner, at.project, '/tree'), { ref: query['ref'], path: to });
  return (
    <div class="toolbar">
      <RefPicker
        label="Branch or tag"
        bare
        at={at}
        withTags
        value={gitRef}
        onValue={(ref) => {
          route(withQuery(projectPath(at.owner, at.project, page), { ref, path }));
        }}
      />
      <nav class="path mono" aria-label="Path">
        <a href={toTree('')}>{at.project}</a>
        {parts.map((part, index) => {
          const to = parts.slice(0, index + 1).join('/');
          return (
            <span key={to}>
              <span class="muted"> / </span>
              {index === parts.length - 1 ? (
                <strong>{part}</strong>
              ) : (
                <a href={toTree(to)}>{part}</a>
              )}
            </span>
          );
        })}
      </nav>
    </div>
  );
}
