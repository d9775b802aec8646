import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { FileChange } from '../api/types.ts';
import { contextLines, gapBefore } from '../lib/diff-context.ts';
import { type DiffHunk, parseHunks } from '../lib/diff.ts';
import { type Colours, type DiffExtras, lineKey, type Side } from './diff-extras.ts';
import { DiffRows } from './diff-rows.tsx';
import { Icon } from './icon.tsx';

/** What of a file is missing in a change too large to be shown whole: everything, perhaps its end, nothing. */
export type Cut = 'all' | 'rest' | null;

/** Lines that one click brings back. */
const step = 60;

const nothing: ReadonlyMap<string, ComponentChildren> = new Map();

/** Draws a file only when it comes near the screen: a change of thousands of lines stays smooth. */
export function DiffBody({
  file,
  patch,
  cut,
  split,
  binary,
  extras,
}: {
  file: FileChange;
  patch: string;
  cut: Cut;
  split: boolean;
  binary: boolean;
  extras: DiffExtras | undefined;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const near = useNear(box);
  const parsed = useMemo(() => parseHunks(patch), [patch]);
  const { hunks, hidden, more } = useContext(parsed, file, extras);
  const colours = useColours(near ? hunks : null, file.path);
  const under = extras?.under(file) ?? nothing;
  const lines = hunks.reduce((sum, hunk) => sum + hunk.lines.length + 1, 0);
  if (file.tooLarge)
    return (
      <p class="quiet-line">Not shown: it is too large to be compared here. A clone has it.</p>
    );
  if (binary) return <p class="quiet-line">Binary file.</p>;
  if (cut === 'all')
    return <p class="quiet-line">Not shown: the whole change is too large. A clone has it.</p>;
  if (hunks.length === 0)
    return <p class="quiet-line">No lines changed: renamed, emptied, or its mode was set.</p>;
  const pick = extras?.onPick;
  const elsewhere = [...under].filter(([key]) => !hasLine(hunks, key));
  return (
    <>
      <div
        ref={box}
        class={`diff-body ${split ? 'split' : ''} ${pick ? 'pickable' : ''}`}
        tabIndex={0}
        role="group"
        aria-label={pick ? 'Changes; arrow keys move over lines, c comments' : 'Changes'}
        style={near ? {} : { minHeight: `${lines * 20}px` }}
        onKeyDown={onKeys}
        onClick={(event) => {
          const at = (event.target as Element).closest<HTMLElement>('[data-pick]')?.dataset['pick'];
          if (at === undefined || !pick) return;
          const [side, line] = at.split(':');
          pick(file, side as Side, Number(line));
        }}
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
            {hunks.map((hunk, index) => (
              <tbody key={hunk.header}>
                <HunkHead
                  header={hunk.header}
                  hidden={hidden[index] ?? 0}
                  split={split}
                  onMore={() => {
                    more(index);
                  }}
                />
                <DiffRows
                  lines={hunk.lines}
                  split={split}
                  colours={colours}
                  under={under}
                  pickable={pick !== undefined}
                />
              </tbody>
            ))}
          </table>
        )}
      </div>
      {cut === 'rest' && (
        <p class="quiet-line">The change is cut here: this file may have more. A clone has it.</p>
      )}
      {elsewhere.length > 0 && (
        <div class="diff-elsewhere">
          <p class="meta">On lines that are not shown here</p>
          {elsewhere.map(([key, words]) => (
            <div key={key}>{words}</div>
          ))}
        </div>
      )}
    </>
  );
}

function hasLine(hunks: readonly DiffHunk[], key: string): boolean {
  return hunks.some((hunk) =>
    hunk.lines.some(
      (line) =>
        (line.newLine !== null && lineKey('new', line.newLine) === key) ||
        (line.oldLine !== null && lineKey('old', line.oldLine) === key),
    ),
  );
}

/** Arrow keys go from line to line, `c` writes about the one with the focus. */
function onKeys(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const target = event.target as HTMLElement;
  if (target.matches('textarea, input, select, button, a, summary')) return;
  const row = target.closest('tr');
  if (event.key === 'c' && row) {
    row.querySelector<HTMLElement>('[data-pick]')?.click();
    event.preventDefault();
    return;
  }
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('tr[tabindex]')];
  const at = row ? rows.indexOf(row) : -1;
  const next = rows[event.key === 'ArrowDown' ? at + 1 : at - 1];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function useNear(box: { current: HTMLElement | null }): boolean {
  const [near, setNear] = useState(false);
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
  return near;
}

/** The hunks with as much of what is left out as was asked for. */
function useContext(
  parsed: readonly DiffHunk[],
  file: FileChange,
  extras: DiffExtras | undefined,
): { hunks: DiffHunk[]; hidden: number[]; more: (index: number) => void } {
  const [text, setText] = useState<string[]>();
  const [shown, setShown] = useState<Readonly<Record<number, number>>>({});
  const gaps = useMemo(() => parsed.map((_, index) => gapBefore(parsed, index)), [parsed]);
  const hunks = useMemo(
    () =>
      parsed.map((hunk, index) => {
        const gap = gaps[index];
        const count = shown[index] ?? 0;
        if (!gap || !text || count === 0) return hunk;
        return { ...hunk, lines: [...contextLines(text, gap, count), ...hunk.lines] };
      }),
    [parsed, gaps, text, shown],
  );
  const hidden = gaps.map((gap, index) =>
    gap && extras ? Math.max(0, gap.to - gap.from + 1 - (text ? (shown[index] ?? 0) : 0)) : 0,
  );
  const more = (index: number): void => {
    setShown((old) => ({ ...old, [index]: (old[index] ?? 0) + step }));
    if (text) return;
    extras?.readLines(file).then(setText, () => {
      setShown({});
    });
  };
  return { hunks, hidden, more };
}

/** Colours come a moment after the text: their code is fetched when the first diff is shown. */
function useColours(hunks: readonly DiffHunk[] | null, path: string): Colours | null {
  const [coloured, setColoured] = useState<{ of: readonly DiffHunk[]; colours: Colours | null }>();
  useEffect(() => {
    if (!hunks) return undefined;
    let gone = false;
    import('../lib/diff-colours.ts').then(
      ({ colourLines }) => {
        if (!gone) setColoured({ of: hunks, colours: colourLines(hunks, path) });
      },
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [hunks, path]);
  return coloured && coloured.of === hunks ? coloured.colours : null;
}

function HunkHead({
  header,
  hidden,
  split,
  onMore,
}: {
  header: string;
  hidden: number;
  split: boolean;
  onMore: () => void;
}): JSX.Element {
  return (
    <tr class="diff-hunk">
      <td colSpan={split ? 4 : 3}>
        {hidden > 0 && (
          <button
            type="button"
            class="diff-more"
            aria-label={`Show ${Math.min(hidden, step)} more lines above`}
            title={`${hidden} lines are not shown`}
            onClick={onMore}
          >
            <Icon name="chevron-up" size={12} />
          </button>
        )}
        {header}
      </td>
    </tr>
  );
}
