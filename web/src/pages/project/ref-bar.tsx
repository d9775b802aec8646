import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { listBranches, listTags } from '../../api/repository.ts';
import type { ProjectRef } from '../../api/resources.ts';
import { useLoad } from '../../app/load.ts';
import { projectPath, useQuery, withQuery } from '../../app/location.ts';
import { Icon } from '../../components/icon.tsx';

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
  const key = `repository/${at.owner}/${at.project}`;
  const branches = useLoad(`${key}/branches`, () => listBranches(at));
  const tags = useLoad(`${key}/tags`, () => listTags(at));
  const branchNames = branches.data?.items.map((branch) => branch.name) ?? [];
  const tagNames = tags.data?.items.map((tag) => tag.name) ?? [];
  const known = branchNames.includes(gitRef) || tagNames.includes(gitRef);
  const parts = path === '' ? [] : path.split('/');
  const toTree = (to: string): string =>
    withQuery(projectPath(at.owner, at.project, '/tree'), { ref: query['ref'], path: to });
  return (
    <div class="toolbar">
      <label class="ref-choice">
        <Icon name="branch" size={14} />
        <span class="hidden-visually">Branch or tag</span>
        <select
          class="input choice"
          value={gitRef}
          onChange={(event) => {
            route(
              withQuery(projectPath(at.owner, at.project, page), {
                ref: event.currentTarget.value,
                path,
              }),
            );
          }}
        >
          {!known && <option value={gitRef}>{gitRef}</option>}
          <optgroup label="Branches">
            {branchNames.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </optgroup>
          {tagNames.length > 0 && (
            <optgroup label="Tags">
              {tagNames.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </optgroup>
          )}
        </select>
      </label>
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
