import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LogLines } from '../lib/log-lines.ts';

/** How many lines a log has; growth is told to screen readers every few seconds. */
export function LineCount({
  log,
  version,
  ended,
}: {
  log: LogLines;
  version: number;
  ended: boolean;
}): JSX.Element {
  const [told, setTold] = useState('');
  const last = useRef(0);
  // said to screen readers every few seconds, not at every line
  useEffect(() => {
    const timer = setInterval(() => {
      const fresh = log.lines.length - last.current;
      last.current = log.lines.length;
      setTold(fresh > 0 && !ended ? `${fresh} new lines` : '');
    }, 5000);
    return () => {
      clearInterval(timer);
    };
  }, [log, ended]);
  return (
    <>
      <span class="meta num" data-version={version}>
        {log.lines.length.toLocaleString('en')} lines
      </span>
      <span class="hidden-visually" role="status">
        {told}
      </span>
    </>
  );
}
