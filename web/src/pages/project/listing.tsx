import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { getTree } from '../../api/repository.ts';
import type { ProjectRef } from '../../api/resources.ts';
import type { Tree, TreeEntry } from '../../api/types.ts';
import { projectPath, withQuery } from '../../app/location.ts';
import { useWholeList } from '../../app/whole-list.ts';
import { Button } from '../../components/button.tsx';
import { ProblemBox, Skeleton } from '../../components/feedback.tsx';
import { Icon } from '../../components/icon.tsx';
import { formatBytes, shortSha } from '../../lib/time.ts';

/** Entries of the second page and each further one. */
const pageSize = 10_000;
/** Rows drawn at once; the others come when asked for. */
const rowsAtOnce = 1000;

const order = { directory: 0, submodule: 1, symlink: 2, file: 2 } as const;
const byName = new Intl.Collator('en', { numeric: true });

interface ListingProps {
  at: ProjectRef;
  tree: Tree;
  gitRef: string | undefined;
  path: string;
}

/** Everything in a folder, directories first, however much that is. */
export function Listing({ at, tree, gitRef, path }: ListingProps): JSX.Element {
  const list = useWholeList<TreeEntry>(tree, (cursor, signal) =>
    getTree(at, { ref: gitRef, path, cursor, limit: pageSize }, signal),
  );
  const [shown, setShown] = useState(rowsAtOnce);
  const { items } = list;
  const entries = useMemo(
    () =>
      [...items].sort((a, b) => order[a.kind] - order[b.kind] || byName.compare(a.name, b.name)),
    [items.length, tree],
  );
  // sorted anew with each page, rows would jump under the pointer: they show when all are known
  if (!list.complete && !list.problem) {
    return (
      <>
        <Skeleton rows={12} />
        <p class="quiet-line" role="status">
          {items.length.toLocaleString('en')} entries so far …
        </p>
      </>
    );
  }
  const left = entries.length - shown;
  return (
    <>
      <ul class="file-list">
        {path !== '' && <UpRow at={at} gitRef={gitRef} path={path} />}
        {entries.slice(0, shown).map((entry) => (
          <EntryRow key={entry.path} at={at} gitRef={gitRef} entry={entry} />
        ))}
      </ul>
      {list.problem && (
        <ProblemBox problem={list.problem} retry={list.retry} what="The rest of the folder" />
      )}
      {left > 0 && (
        <div class="more">
          <span class="meta num">
            {shown.toLocaleString('en')} of {entries.length.toLocaleString('en')} entries
          </span>
          <Button
            kind="quiet"
            onClick={() => {
              setShown(shown + rowsAtOnce);
            }}
          >
            Show {Math.min(left, rowsAtOnce).toLocaleString('en')} more
          </Button>
        </div>
      )}
    </>
  );
}

function UpRow({ at, gitRef, path }: Omit<ListingProps, 'tree'>): JSX.Element {
  const up = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  return (
    <li>
      <a
        href={withQuery(projectPath(at.owner, at.project, '/tree'), { ref: gitRef, path: up })}
        data-item=""
        aria-label="Up one directory"
      >
        <Icon name="folder" /> <span class="grow">..</span>
      </a>
    </li>
  );
}

function EntryRow({
  at,
  gitRef,
  entry,
}: {
  at: ProjectRef;
  gitRef: string | undefined;
  entry: TreeEntry;
}): JSX.Element {
  if (entry.kind === 'submodule') {
    return (
      <li>
        <span class="file-line muted">
          <Icon name="box" /> <span class="grow truncate">{entry.name}</span>
          <code>{shortSha(entry.sha)}</code>
        </span>
      </li>
    );
  }
  const page = entry.kind === 'directory' ? '/tree' : '/file';
  return (
    <li>
      <a
        href={withQuery(projectPath(at.owner, at.project, page), { ref: gitRef, path: entry.path })}
        data-item=""
      >
        <Icon name={entry.kind === 'directory' ? 'folder' : 'file'} class={entry.kind} />
        <span class="grow truncate">{entry.name}</span>
        {entry.size !== null && <span class="meta num">{formatBytes(entry.size)}</span>}
      </a>
    </li>
  );
}
