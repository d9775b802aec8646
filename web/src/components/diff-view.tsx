import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { Diff, FileChange } from '../api/types.ts';
import { useQuery } from '../app/location.ts';
import { splitPatch } from '../lib/split-patch.ts';
import { type Cut, DiffBody } from './diff-body.tsx';
import type { DiffExtras } from './diff-extras.ts';
import { Empty } from './feedback.tsx';
import { Icon } from './icon.tsx';

/** More lines than this are folded until asked for. */
const largeFile = 800;

/** What changed, file by file: unified or side by side, changed words marked. */
export function DiffView({ diff, extras }: { diff: Diff; extras?: DiffExtras }): JSX.Element {
  const { query, setQuery } = useQuery();
  const split = query['diff'] === 'split';
  const patches = useMemo(() => splitPatch(diff.patch), [diff.patch]);
  const added = diff.files.reduce((sum, file) => sum + (file.additions ?? 0), 0);
  const removed = diff.files.reduce((sum, file) => sum + (file.deletions ?? 0), 0);
  if (diff.files.length === 0)
    return (
      <Empty icon="file" title="Nothing changed">
        The commit has the same files as its parent.
      </Empty>
    );
  const viewed = extras && diff.files.filter((file) => extras.isViewed(file)).length;
  return (
    <div class="stack">
      <div class="row">
        <span class="grow num">
          {diff.files.length} {diff.files.length === 1 ? 'file' : 'files'}{' '}
          <span class="state-success">+{added}</span> <span class="state-failure">−{removed}</span>
          {viewed !== undefined && (
            <span class="muted">
              {' '}
              {viewed} of {diff.files.length} viewed
            </span>
          )}
        </span>
        <div class="segmented wide-only" role="group" aria-label="Show the changes">
          <button
            type="button"
            aria-pressed={!split}
            onClick={() => {
              setQuery({ diff: undefined });
            }}
          >
            Unified
          </button>
          <button
            type="button"
            aria-pressed={split}
            onClick={() => {
              setQuery({ diff: 'split' });
            }}
          >
            Side by side
          </button>
        </div>
      </div>
      {diff.files.map((file, index) => (
        <DiffFile
          key={file.path}
          file={file}
          patch={patches[index] ?? ''}
          cut={diff.truncated ? cutOf(index, patches.length) : null}
          split={split}
          extras={extras}
        />
      ))}
      {diff.truncated && (
        <p class="quiet-line">
          The change is larger than what is shown here. Clone the repository to see all of it.
        </p>
      )}
    </div>
  );
}

/** Which part of a file a patch that was cut lacks; it may end within its last file. */
function cutOf(index: number, shown: number): Cut {
  if (index >= shown) return 'all';
  return index === shown - 1 ? 'rest' : null;
}

function DiffFile({
  file,
  patch,
  cut,
  split,
  extras,
}: {
  file: FileChange;
  patch: string;
  cut: Cut;
  split: boolean;
  extras: DiffExtras | undefined;
}): JSX.Element {
  const size = (file.additions ?? 0) + (file.deletions ?? 0);
  const viewed = extras?.isViewed(file) ?? false;
  const [asked, setOpen] = useState<boolean>();
  const open = asked ?? (size <= largeFile && !viewed);
  return (
    <section class="panel diff-file" aria-label={file.path}>
      <div class={`diff-bar ${open ? 'open' : ''}`}>
        <button
          type="button"
          class="diff-head"
          aria-expanded={open}
          onClick={() => {
            setOpen(!open);
          }}
        >
          <Icon name={open ? 'chevron-down' : 'chevron-right'} />
          <span class="mono truncate grow">
            {file.oldPath && <span class="muted">{file.oldPath} → </span>}
            {file.path}
          </span>
          <span class="num">
            <span class="state-success">+{file.additions ?? 0}</span>{' '}
            <span class="state-failure">−{file.deletions ?? 0}</span>
          </span>
        </button>
        {extras && (
          <label class="tick viewed">
            <input
              type="checkbox"
              checked={viewed}
              aria-label={`Viewed ${file.path}`}
              onChange={(event) => {
                const { checked } = event.currentTarget;
                extras.onViewed(file, checked);
                setOpen(!checked);
              }}
            />
            <span>Viewed</span>
          </label>
        )}
      </div>
      {open && (
        <DiffBody
          file={file}
          patch={patch}
          cut={cut}
          split={split}
          binary={file.additions === null}
          extras={extras}
        />
      )}
    </section>
  );
}
