import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useKeys } from '../app/keys.ts';
import { lineOfHash } from '../lib/line-hash.ts';
import type { LogLines } from '../lib/log-lines.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import { gutter, rowHeight, useMeasure, useView } from './log-geometry.ts';
import { LineCount } from './line-count.tsx';
import { LogLine } from './log-line.tsx';

const overscan = 12;
/** Lines that are not on screen yet, but will be with the next turn of a wheel. */
const nearLines = 50;

interface LogViewProps {
  log: LogLines;
  version: number;
  connected: boolean;
  ended: boolean;
  /** the first line that tells of a failure; null: none does; undefined: not known */
  failure: number | null | undefined;
  /** asks for what is missing of the log */
  want: () => void;
  /** the step was over when the page was opened: it opens at the first failure, else at the start */
  settled: boolean;
  failed: boolean;
  downloadUrl: string;
  label: string;
}

/** Output of a step: only the lines on screen exist in the page, so that a million of them scroll smoothly. */
export function LogView(props: LogViewProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const size = useMeasure(box);
  const [wrap, setWrap] = useState(() => localStorage.getItem('slipway.wrap') === 'on');
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const [following, setFollowing] = useState(!props.settled && lineOfHash(location.hash) === null);
  const [top, setTop] = useState(0);
  const [needle, setNeedle] = useState('');
  const [match, setMatch] = useState(0);
  const [marked, setMarked] = useState(() => lineOfHash(location.hash));
  const view = useView(props.log, props.version, wrap, folded, size);
  const { log, version } = props;
  const found = useMemo(() => log.search(needle), [log, version, needle]);
  const current = found[Math.min(match, found.length - 1)] ?? -1;

  const maxTop = Math.max(0, view.height - size.height);
  const scrollTo = (wanted: number): void => {
    if (box.current) box.current.scrollTop = wanted;
  };
  const showLine = (line: number): void => {
    setFollowing(false);
    scrollTo((view.index.top(line) * rowHeight - size.height / 3) / view.scale);
  };
  const opened = useOpening(props, wrap, marked, showLine);
  useEffect(() => {
    if (following) scrollTo(view.height);
  }, [version, following, view.height, size.height]);
  useEffect(() => {
    if (current >= 0) showLine(current);
  }, [current, needle]);
  useEffect(() => {
    const onHash = (): void => {
      const line = lineOfHash(location.hash);
      setMarked(line);
      if (line !== null) showLine(line);
    };
    addEventListener('hashchange', onHash);
    return () => {
      removeEventListener('hashchange', onHash);
    };
  });

  const step = (by: number): void => {
    if (found.length > 0) setMatch((match + by + found.length) % found.length);
  };
  const toggleWrap = (): void => {
    localStorage.setItem('slipway.wrap', wrap ? 'off' : 'on');
    setWrap(!wrap);
  };

  useKeys({
    f: () => {
      setFollowing(!following);
    },
    w: toggleWrap,
    n: () => {
      step(1);
    },
    N: () => {
      step(-1);
    },
  });

  const firstRow = Math.floor((top * view.scale) / rowHeight);
  const firstLine = view.index.lineAt(Math.max(0, firstRow - overscan));
  const lastRow = firstRow + Math.ceil(size.height / rowHeight) + overscan;
  const lines: number[] = [];
  for (
    let line = firstLine;
    line < log.lines.length && view.index.top(line) <= lastRow;
    line += 1
  ) {
    if (view.index.top(line + 1) > view.index.top(line)) lines.push(line);
  }
  useEffect(() => {
    // rows that wrap are as high as their lines are long, and what is searched must be there
    const isWhole = wrap || needle !== '' || folded.size > 0;
    // it is about to be scrolled to another place
    const isMoving = !opened.current || Math.abs((box.current?.scrollTop ?? 0) - top) > 1;
    if (version === 0 || (isMoving && !isWhole)) return;
    if (isWhole || !areLoaded(log, firstLine - nearLines, lines.at(-1) ?? 0)) props.want();
  }, [version, top, wrap, needle, folded, size.height]);
  // with a scale, content moves slower than the scrollbar: rows are placed relative to what is scrolled
  const shift = top - top * view.scale;

  return (
    <div class={`log ${wrap ? 'wrap' : ''}`}>
      <div class="log-bar">
        <input
          ref={search}
          class="input log-search"
          type="search"
          placeholder="Search the log"
          aria-label="Search the log"
          data-filter=""
          value={needle}
          onInput={(event) => {
            setNeedle(event.currentTarget.value);
            setMatch(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') step(event.shiftKey ? -1 : 1);
            if (event.key === 'Escape') search.current?.blur();
          }}
        />
        {needle !== '' && (
          <span class="meta num" role="status">
            {found.length === 0
              ? 'no match'
              : `${Math.min(match, found.length - 1) + 1} of ${found.length}`}
          </span>
        )}
        <Button
          kind="quiet"
          small
          icon="chevron-up"
          label="Previous match"
          disabled={found.length === 0}
          onClick={() => {
            step(-1);
          }}
        />
        <Button
          kind="quiet"
          small
          icon="chevron-down"
          label="Next match"
          disabled={found.length === 0}
          onClick={() => {
            step(1);
          }}
        />
        <span class="grow" />
        <LineCount log={log} version={version} ended={props.ended} />
        <Button
          kind="quiet"
          small
          icon="wrap"
          label="Wrap lines"
          pressed={wrap}
          onClick={toggleWrap}
        />
        <Button
          kind="quiet"
          small
          icon="follow"
          label="Follow the end"
          pressed={following}
          onClick={() => {
            setFollowing(!following);
          }}
        />
        <a
          class="button quiet small icon-only"
          href={props.downloadUrl}
          download=""
          aria-label="Download the log"
          title="Download the log"
        >
          <Icon name="download" />
        </a>
      </div>
      <div
        ref={box}
        class="log-box"
        tabIndex={0}
        role="region"
        aria-label={props.label}
        onScroll={(event) => {
          const at = event.currentTarget.scrollTop;
          if (following && at < Math.min(top, maxTop) - 4) setFollowing(false);
          setTop(at);
        }}
      >
        <div
          class="log-space"
          style={{
            height: `${view.height}px`,
            minWidth: wrap ? '100%' : `calc(${log.longest}ch + ${gutter + 16}px)`,
          }}
        >
          {lines.map((line) => (
            <LogLine
              key={line}
              log={log}
              line={line}
              top={view.index.top(line) * rowHeight + shift}
              rows={view.index.top(line + 1) - view.index.top(line)}
              needle={needle}
              current={line === current}
              marked={line === marked}
              version={log.isSettled(line) ? (log.isFilled ? -1 : -2) : version}
              folded={folded.has(line)}
              onFold={() => {
                const next = new Set(folded);
                if (!next.delete(line)) next.add(line);
                setFolded(next);
              }}
            />
          ))}
        </div>
        {log.lines.length === 0 && (
          <p class="log-empty">
            {props.ended ? 'This step wrote nothing.' : 'Waiting for output …'}
          </p>
        )}
      </div>
      {!props.connected && (
        <p class="log-lost" role="status">
          Connection lost, retrying …
        </p>
      )}
    </div>
  );
}

/** Whether all lines that are on screen, or about to be, have come. */
function areLoaded(log: LogLines, first: number, last: number): boolean {
  const until = Math.min(last + nearLines, log.lines.length - 1);
  for (let line = Math.max(0, first); line <= until; line += 1) {
    if (!log.isLoaded(line)) return false;
  }
  return true;
}

/**
 * Where the log is opened: at the line of the address, else at the first failure of a step that is over.
 * @returns whether it has been
 */
function useOpening(
  props: LogViewProps,
  wrap: boolean,
  marked: number | null,
  showLine: (line: number) => void,
): { readonly current: boolean } {
  const opened = useRef(false);
  const wasSettled = useRef(props.settled);
  const { log, version, ended, failed, failure } = props;
  useEffect(() => {
    if (opened.current || version === 0) return;
    // where rows wrap, what comes before a line says where it stands
    if (wrap && !log.isFilled) return;
    if (marked !== null) {
      if (!log.isLoaded(marked) && !ended) return;
      opened.current = true;
      showLine(marked);
    } else if (failure !== undefined || ended) {
      opened.current = true;
      if (typeof failure === 'number' && failed && wasSettled.current) showLine(failure);
    }
  }, [version, ended, failure]);
  return opened;
}
