import type { ComponentChildren, JSX } from 'preact';
import { memo } from '../lib/memo.ts';
import { ansiClass, parseAnsiLine } from '../lib/ansi.ts';
import type { LogLines } from '../lib/log-lines.ts';
import { Icon } from './icon.tsx';
import { visibleText } from './visible-text.tsx';

interface LogLineProps {
  log: LogLines;
  line: number;
  /** px from the top of the log */
  top: number;
  rows: number;
  needle: string;
  current: boolean;
  marked: boolean;
  /** changes while the line is still being written */
  version: number;
  folded: boolean;
  onFold: () => void;
}

function highlighted(text: string, needle: string): ComponentChildren {
  if (needle === '') return visibleText(text);
  const parts: ComponentChildren[] = [];
  const low = text.toLowerCase();
  const wanted = needle.toLowerCase();
  let from = 0;
  for (let at = low.indexOf(wanted); at >= 0; at = low.indexOf(wanted, from)) {
    const found = visibleText(text.slice(at, at + wanted.length));
    parts.push(visibleText(text.slice(from, at)), <mark key={at}>{found}</mark>);
    from = at + wanted.length;
  }
  parts.push(visibleText(text.slice(from)));
  return parts;
}

/** One line of a log: its number links to it, its colours are tokens, `::group::` lines fold what follows, the platform's are marked. */
export const LogLine = memo(
  ({
    log,
    line,
    top,
    rows,
    needle,
    current,
    marked,
    folded,
    onFold,
  }: LogLineProps): JSX.Element => {
    const raw = log.lines[line] ?? '';
    const platform = log.isPlatform(line);
    const group = !platform && raw.startsWith('::group::');
    const { spans } = parseAnsiLine(group ? raw.slice(9) : raw, log.styleAt(line));
    const command = !platform && (raw.startsWith('$ ') || raw.startsWith('+ '));
    const classes = [
      'log-line',
      current ? 'current' : '',
      marked ? 'marked' : '',
      command ? 'command-line' : '',
      platform ? 'platform-line' : '',
    ];
    return (
      <div
        class={classes.filter(Boolean).join(' ')}
        style={{ transform: `translateY(${top}px)`, height: `${rows * 20}px` }}
      >
        <a class="log-number" href={`#L${line + 1}`} aria-label={`Line ${line + 1}`} tabIndex={-1}>
          {line + 1}
        </a>
        <span class="log-text">
          {/* Outside of what a step can print: its colours and characters end at its own lines. */}
          {platform && <span class="log-voice">Slipway</span>}
          {group && (
            <button
              type="button"
              class="log-fold"
              aria-label={folded ? 'Unfold' : 'Fold'}
              aria-expanded={!folded}
              onClick={onFold}
            >
              <Icon name={folded ? 'chevron-right' : 'chevron-down'} size={14} />
            </button>
          )}
          {spans.map((span, index) => {
            const name = ansiClass(span.style);
            const text = highlighted(span.text, needle);
            return name === '' ? (
              text
            ) : (
              <span key={index} class={name}>
                {text}
              </span>
            );
          })}
        </span>
      </div>
    );
  },
  (before, after) =>
    (Object.keys(after) as (keyof LogLineProps)[]).every(
      (key) => key === 'onFold' || before[key] === after[key],
    ),
);
