import { type ComponentChildren, Fragment, type JSX } from 'preact';
import { type DiffLine, pairLines } from '../lib/diff.ts';
import { markTokens } from '../lib/mark-tokens.ts';
import { memo } from '../lib/memo.ts';
import { type Colours, lineKey, type Side } from './diff-extras.ts';
import { Icon } from './icon.tsx';
import { visibleText } from './visible-text.tsx';

interface RowsProps {
  lines: readonly DiffLine[];
  split: boolean;
  colours: Colours | null;
  /** what stands under a line, by its key */
  under: ReadonlyMap<string, ComponentChildren>;
  pickable: boolean;
}

/** The lines of a hunk, unified or side by side, with what people said under them. */
export function DiffRows({ lines, split, colours, under, pickable }: RowsProps): JSX.Element {
  return (
    <>
      {split
        ? pairLines(lines).map(([before, after], index) => (
            <Fragment key={index}>
              <PairRow before={before} after={after} colours={colours} pickable={pickable} />
              <Under lines={[before, after]} under={under} columns={4} />
            </Fragment>
          ))
        : lines.map((line, index) => (
            <Fragment key={index}>
              <UnifiedRow line={line} colours={colours} pickable={pickable} />
              <Under lines={[line]} under={under} columns={3} />
            </Fragment>
          ))}
    </>
  );
}

function Under({
  lines,
  under,
  columns,
}: {
  lines: readonly (DiffLine | null)[];
  under: RowsProps['under'];
  columns: number;
}): JSX.Element | null {
  if (under.size === 0) return null;
  const keys = new Set(
    lines.flatMap((line) => [
      ...(line?.oldLine == null ? [] : [lineKey('old', line.oldLine)]),
      ...(line?.newLine == null ? [] : [lineKey('new', line.newLine)]),
    ]),
  );
  const words = [...keys].filter((key) => under.has(key));
  if (words.length === 0) return null;
  return (
    <tr class="diff-under">
      <td colSpan={columns}>
        {words.map((key) => (
          <div key={key} class="diff-words">
            {under.get(key)}
          </div>
        ))}
      </td>
    </tr>
  );
}

interface RowProps {
  colours: Colours | null;
  pickable: boolean;
}

const UnifiedRow = memo(
  function UnifiedRow({ line, colours, pickable }: RowProps & { line: DiffLine }): JSX.Element {
    return (
      <tr class={`diff-${line.kind}`} tabIndex={pickable ? -1 : undefined}>
        <td class="diff-number">{line.oldLine}</td>
        <td class="diff-number">
          {line.newLine}
          {pickable && <Pick line={line} side={line.newLine === null ? 'old' : 'new'} />}
        </td>
        <Text line={line} colours={colours} />
      </tr>
    );
  },
  (before, after) =>
    before.line === after.line &&
    before.colours === after.colours &&
    before.pickable === after.pickable,
);

const PairRow = memo(
  function PairRow({
    before,
    after,
    colours,
    pickable,
  }: RowProps & { before: DiffLine | null; after: DiffLine | null }): JSX.Element {
    return (
      <tr tabIndex={pickable ? -1 : undefined}>
        <HalfRow line={before} side="old" colours={colours} pickable={pickable} />
        <HalfRow line={after} side="new" colours={colours} pickable={pickable} />
      </tr>
    );
  },
  (old, next) =>
    old.before === next.before &&
    old.after === next.after &&
    old.colours === next.colours &&
    old.pickable === next.pickable,
);

function HalfRow({
  line,
  side,
  colours,
  pickable,
}: RowProps & { line: DiffLine | null; side: Side }): JSX.Element {
  if (!line)
    return (
      <>
        <td class="diff-number diff-none" />
        <td class="diff-text diff-none" />
      </>
    );
  return (
    <>
      <td class={`diff-number diff-${line.kind}`}>
        {side === 'old' ? line.oldLine : line.newLine}
        {pickable && (side === 'new' || line.kind === 'remove') && <Pick line={line} side={side} />}
      </td>
      <Text line={line} colours={colours} className={`diff-${line.kind}`} />
    </>
  );
}

/** The button at a line; by keyboard it is reached with the arrow keys and `c`, so it is no stop of Tab. */
function Pick({ line, side }: { line: DiffLine; side: Side }): JSX.Element {
  const number = (side === 'old' ? line.oldLine : line.newLine) ?? 0;
  return (
    <button
      type="button"
      class="diff-pick"
      tabIndex={-1}
      data-pick={lineKey(side, number)}
      aria-label={`Comment on line ${number}${side === 'old' ? ' before the change' : ''}`}
    >
      <Icon name="plus" size={12} />
    </button>
  );
}

const signs = { add: '+', remove: '-', context: ' ' } as const;

function Text({
  line,
  colours,
  className = '',
}: {
  line: DiffLine;
  colours: Colours | null;
  className?: string;
}): JSX.Element {
  const tokens = colours?.get(line) ?? [{ text: line.text, name: '' }];
  return (
    <td class={`diff-text ${className}`}>
      <span class="diff-sign">{signs[line.kind]}</span>
      {markTokens(tokens, line.changed).map((token, index) =>
        token.name === '' && !token.changed ? (
          visibleText(token.text)
        ) : (
          <span key={index} class={`${token.name} ${token.changed ? 'diff-word' : ''}`}>
            {visibleText(token.text)}
          </span>
        ),
      )}
      {line.noNewline && <span class="meta"> no newline at the end</span>}
    </td>
  );
}
