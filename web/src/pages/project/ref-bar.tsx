import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { listBranches, listTags } from '../../api/repository.ts';
import type { ProjectRef } from '../../api/resources.ts';
import type { Page } from '../../api/types.ts';
import { useLoad } from '../../app/load.ts';
import { projectPath, useQuery, withQuery } from '../../app/location.ts';
import { useWholeList } from '../../app/whole-list.ts';
import { Icon } from '../../components/icon.tsx';

const nothing: Page<{ name: string }> = { items: [], nextCursor: null };
/** The most that the server gives at once. */
const pageSize = 1000;

/** Names of all branches or tags; those behind the first page are read once somebody is about to choose. */
function useRefNames(
  first: Page<{ name: string }> | undefined,
  asked: boolean,
  fetchPage: (cursor: string) => Promise<Page<{ name: string }>>,
): { names: string[]; note: string | null } {
  const all = useWholeList(asked && first ? first : nothing, fetchPage);
  const { items } = asked && first ? all : (first ?? nothing);
  let note: string | null = null;
  if (all.problem) note = 'The rest could not be read';
  else if (!all.complete) note = 'Reading the rest …';
  return { names: items.map((ref) => ref.name), note };
}

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
  const [asked, setAsked] = useState(false);
  const ofBranches = useRefNames(branches.data, asked, (next) => listBranches(at, next, pageSize));
  const ofTags = useRefNames(tags.data, asked, (next) => listTags(at, next, pageSize));
  const known = ofBranches.names.includes(gitRef) || ofTags.names.includes(gitRef);
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
          onFocus={() => {
            setAsked(true);
          }}
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
          <RefGroup label="Branches" {...ofBranches} />
          {ofTags.names.length > 0 && <RefGroup label="Tags" {...ofTags} />}
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

function RefGroup({
  label,
  names,
  note,
}: {
  label: string;
  names: readonly string[];
  note: string | null;
}): JSX.Element {
  return (
    <optgroup label={label}>
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
      {note !== null && <option disabled>{note}</option>}
    </optgroup>
  );
}
