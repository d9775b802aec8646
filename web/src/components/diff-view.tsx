import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Diff, FileChange } from '../api/types.ts';
import { useQuery } from '../app/location.ts';
import { type DiffLine, pairLines, parseHunks } from '../lib/diff.ts';
import { splitPatch } from '../lib/split-patch.ts';
import { Empty } from './feedback.tsx';
import { Icon } from './icon.tsx';

/** More lines than this are folded until asked for. */
const largeFile = 800;

/** What changed, file by file: unified or side by side, changed words marked. */
export function DiffView({ diff }: { diff: Diff }): JSX.Element {
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
  return (
    <div class="stack">
      <div class="row">
        <span class="grow num">
          {diff.files.length} {diff.files.length === 1 ? 'file' : 'files'}{' '}
          <span class="state-success">+{added}</span> <span class="state-failure">−{removed}</span>
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
        <DiffFile key={file.path} file={file} patch={patches[index] ?? ''} split={split} />
      ))}
      {diff.truncated && (
        <p class="quiet-line">
          The change is larger than what is shown here. Clone the repository to see all of it.
        </p>
      )}
    </div>
  );
}

function DiffFile({
  file,
  patch,
  split,
}: {
  file: FileChange;
  patch: string;
  split: boolean;
}): JSX.Element {
  const size = (file.additions ?? 0) + (file.deletions ?? 0);
  const [open, setOpen] = useState(size <= largeFile);
  return (
    <section class="panel diff-file" aria-label={file.path}>
      <button
        type="button"
        class="panel-head diff-head"
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
      {open && <DiffBody patch={patch} split={split} binary={file.additions === null} />}
    </section>
  );
}

/** Draws a file only when it comes near the screen: a change of thousands of lines stays smooth. */
function DiffBody({
  patch,
  split,
  binary,
}: {
  patch: string;
  split: boolean;
  binary: boolean;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(false);
  const hunks = useMemo(() => parseHunks(patch), [patch]);
  const lines = hunks.reduce((sum, hunk) => sum + hunk.lines.length + 1, 0);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) setNear(true);
      },
      { rootMargin: '800px' },
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);
  if (binary) return <p class="quiet-line">Binary file.</p>;
  if (hunks.length === 0)
    return <p class="quiet-line">No lines changed: renamed, emptied, or its mode was set.</p>;
  return (
    <div
      ref={box}
      class={`diff-body ${split ? 'split' : ''}`}
      tabIndex={0}
      role="group"
      aria-label="Changes"
      style={near ? {} : { minHeight: `${lines * 20}px` }}
    >
      {near && (
        <table class="diff-table">
          {split && (
            <colgroup>
              <col class="diff-col-number" />
              <col />
              <col class="diff-col-number" />
              <col />
            </colgroup>
          )}
          <tbody>
            {hunks.map((hunk) => (
              <Hunk key={hunk.header} header={hunk.header} lines={hunk.lines} split={split} />
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function Hunk({
  header,
  lines,
  split,
}: {
  header: string;
  lines: readonly DiffLine[];
  split: boolean;
}): JSX.Element {
  return (
    <>
      <tr class="diff-hunk">
        <td colSpan={split ? 4 : 3}>{header}</td>
      </tr>
      {split
        ? pairLines(lines).map(([before, after], index) => (
            <tr key={index}>
              <Side line={before} number={before?.oldLine ?? null} />
              <Side line={after} number={after?.newLine ?? null} />
            </tr>
          ))
        : lines.map((line, index) => (
            <tr key={index} class={`diff-${line.kind}`}>
              <td class="diff-number">{line.oldLine}</td>
              <td class="diff-number">{line.newLine}</td>
              <Text line={line} />
            </tr>
          ))}
    </>
  );
}

function Side({ line, number }: { line: DiffLine | null; number: number | null }): JSX.Element {
  if (!line)
    return (
      <>
        <td class="diff-number diff-none" />
        <td class="diff-text diff-none" />
      </>
    );
  return (
    <>
      <td class={`diff-number diff-${line.kind}`}>{number}</td>
      <Text line={line} className={`diff-${line.kind}`} />
    </>
  );
}

const signs = { add: '+', remove: '-', context: ' ' } as const;

function Text({ line, className = '' }: { line: DiffLine; className?: string }): JSX.Element {
  const [from, to] = line.changed ?? [0, 0];
  return (
    <td class={`diff-text ${className}`}>
      <span class="diff-sign">{signs[line.kind]}</span>
      {line.changed ? (
        <>
          {line.text.slice(0, from)}
          <span class="diff-word">{line.text.slice(from, to)}</span>
          {line.text.slice(to)}
        </>
      ) : (
        line.text
      )}
      {line.noNewline && <span class="meta"> no newline at the end</span>}
    </td>
  );
}
