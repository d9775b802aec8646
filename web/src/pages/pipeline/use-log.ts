import { useEffect, useRef, useState } from 'preact/hooks';
import { followStream } from '../../app/stream.ts';
import { LogLines } from '../../lib/log-lines.ts';

export interface FollowedLog {
  log: LogLines;
  /** changes with every piece that came */
  version: number;
  connected: boolean;
  ended: boolean;
  /** the server refused to show it */
  refused: boolean;
}

/** Address of a step's log. */
export function logUrl(run: string, step: string, query: string): string {
  return `/api/v1/pipelines/${encodeURIComponent(run)}/steps/${encodeURIComponent(step)}/logs${query}`;
}

/**
 * Follows the log of one step. `attempt` begins a new one. The screen is redrawn at most once a frame, however fast
 * lines come.
 */
export function useLog(run: string, step: string, attempt: number): FollowedLog {
  const log = useRef(new LogLines());
  const [state, setState] = useState({ version: 0, connected: true, ended: false, refused: false });
  useEffect(() => {
    log.current = new LogLines();
    setState({ version: 0, connected: true, ended: false, refused: false });
    let frame = 0;
    const redraw = (): void => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        setState((old) => ({ ...old, version: old.version + 1 }));
      });
    };
    const stop = followStream({
      url: () => logUrl(run, step, '?follow=1'),
      onConnection: (connected) => {
        setState((old) => (old.connected === connected ? old : { ...old, connected }));
      },
      onRefused: () => {
        setState((old) => ({ ...old, refused: true }));
      },
      onEvent: (event) => {
        if (event.type === 'end') {
          setState((old) => ({ ...old, ended: true, connected: true, version: old.version + 1 }));
          return 'stop';
        }
        if (event.type === 'log') {
          const piece = JSON.parse(event.data) as {
            offset: number;
            text: string;
            by?: 'platform' | 'step';
          };
          log.current.append(piece.offset, piece.text, piece.by);
          redraw();
        }
        return 'go-on';
      },
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [run, step, attempt]);
  return { log: log.current, ...state };
}
