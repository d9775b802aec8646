import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { highlightLines, languageOf } from '../lib/highlight.ts';
import { lineOfHash } from '../lib/line-hash.ts';
import { visibleText } from './visible-text.tsx';

const rowHeight = 20;
const overscan = 40;

/** Source code with line numbers that link; long files draw only what is on screen. */
export function CodeView({ text, fileName }: { text: string; fileName: string }): JSX.Element {
  const lines = useMemo(
    () => highlightLines(text.endsWith('\n') ? text.slice(0, -1) : text, languageOf(fileName)),
    [text, fileName],
  );
  const box = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState<[number, number]>([0, 200]);
  const [marked, setMarked] = useState(() => lineOfHash(location.hash));
  const longest = useMemo(
    () => text.split('\n').reduce((most, line) => Math.max(most, line.length), 0),
    [text],
  );
  useEffect(() => {
    const measure = (): void => {
      const at = box.current?.getBoundingClientRect();
      if (!at) return;
      const first = Math.max(0, Math.floor(-at.top / rowHeight) - overscan);
      const last = Math.ceil((innerHeight - at.top) / rowHeight) + overscan;
      setRange((old) => (old[0] === first && old[1] === last ? old : [first, last]));
    };
    measure();
    addEventListener('scroll', measure, { passive: true });
    addEventListener('resize', measure);
    return () => {
      removeEventListener('scroll', measure);
      removeEventListener('resize', measure);
    };
  }, [lines]);
  useEffect(() => {
    const show = (): void => {
      const line = lineOfHash(location.hash);
      setMarked(line);
      const top = box.current?.getBoundingClientRect().top ?? 0;
      if (line !== null) scrollTo({ top: scrollY + top + line * rowHeight - innerHeight / 3 });
    };
    show();
    addEventListener('hashchange', show);
    return () => {
      removeEventListener('hashchange', show);
    };
  }, [lines]);
  return (
    <div class="code-frame" tabIndex={0} role="region" aria-label={`Source of ${fileName}`}>
      <div
        ref={box}
        class="code"
        style={{ height: `${lines.length * rowHeight}px`, minWidth: `calc(${longest}ch + 80px)` }}
      >
        {lines.slice(range[0], range[1]).map((tokens, offset) => {
          const line = range[0] + offset;
          return (
            <div
              key={line}
              class={`code-line ${line === marked ? 'marked' : ''}`}
              style={{ top: `${line * rowHeight}px` }}
            >
              <a
                class="code-number"
                href={`#L${line + 1}`}
                tabIndex={-1}
                aria-label={`Line ${line + 1}`}
              >
                {line + 1}
              </a>
              <code>
                {tokens.map((token, index) =>
                  token.name === '' ? (
                    visibleText(token.text)
                  ) : (
                    <span key={index} class={token.name}>
                      {visibleText(token.text)}
                    </span>
                  ),
                )}
              </code>
            </div>
          );
        })}
      </div>
    </div>
  );
}
