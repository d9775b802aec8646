import { useEffect, useMemo, useState } from 'preact/hooks';
import type { LogLines } from '../lib/log-lines.ts';
import { RowIndex } from '../lib/row-index.ts';

/** Height of a row of a log, px; the style sheet says the same. */
export const rowHeight = 20;
/** beyond this many pixels browsers lose precision: scrolling is scaled */
const tallest = 8_000_000;
/** px that line numbers take */
export const gutter = 72;

export interface Measure {
  height: number;
  /** characters in a row */
  columns: number;
}

/** Size of the box that shows a log, kept up to date. */
export function useMeasure(box: { current: HTMLDivElement | null }): Measure {
  const [size, setSize] = useState<Measure>({ height: 480, columns: 120 });
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const probe = document.createElement('span');
    probe.className = 'log-probe';
    probe.textContent = '0'.repeat(100);
    element.append(probe);
    const character = probe.getBoundingClientRect().width / 100 || 7.2;
    probe.remove();
    const observer = new ResizeObserver(() => {
      const columns = Math.max(20, Math.floor((element.clientWidth - gutter - 16) / character));
      setSize({ height: element.clientHeight, columns });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);
  return size;
}

export interface View {
  index: RowIndex;
  /** scrolled pixels per pixel of content: 1 unless the log is very long */
  scale: number;
  height: number;
}

/** Where each line lies, given what is folded and whether lines wrap. */
export function useView(
  log: LogLines,
  version: number,
  wrap: boolean,
  folded: ReadonlySet<number>,
  size: Measure,
): View {
  return useMemo(() => {
    const hidden = new Set<number>();
    for (const group of log.groups) {
      if (!folded.has(group.start)) continue;
      for (let line = group.start + 1; line < (group.end ?? log.lines.length); line += 1)
        hidden.add(line);
    }
    const index = new RowIndex(log.lines.length, (line) => {
      if (hidden.has(line)) return 0;
      if (!wrap) return 1;
      const raw = log.lines[line] ?? '';
      if (raw.length <= size.columns) return 1;
      return Math.max(1, Math.ceil(log.textAt(line).length / size.columns));
    });
    const natural = index.total * rowHeight;
    // the last row must be at the bottom when the scrollbar is
    const scale = natural > tallest ? (natural - size.height) / (tallest - size.height) : 1;
    return { index, scale, height: Math.min(natural, tallest) };
  }, [log, version, wrap, folded, size]);
}
