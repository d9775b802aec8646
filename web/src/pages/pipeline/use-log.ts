import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { toProblem } from '../../api/problem.ts';
import { onLiveEvent } from '../../app/events.ts';
import { LogLines } from '../../lib/log-lines.ts';
import { followParts } from '../../lib/follow-parts.ts';

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
 * Follows the log of one step, part by part, as long as the page is looked at: no connection is held, of which a browser
 * has six for all its pages. `attempt` begins a new one. The screen is redrawn at most once a frame.
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
    const { stop, wake } = followParts({
      ask: (offset, signal) =>
        call('get', '/api/v1/pipelines/{id}/steps/{name}/logs', {
          path: { id: run, name: step },
          query: { offset: String(offset) },
          signal,
        }),
      onPieces: (pieces) => {
        for (const { offset, text, by } of pieces) log.current.append(offset, text, by);
        redraw();
      },
      onConnected: (connected) => {
        setState((old) => (old.connected === connected ? old : { ...old, connected }));
      },
      onEnd: () => {
        setState((old) => ({ ...old, ended: true, connected: true, version: old.version + 1 }));
      },
      isRefusal: (error) => [401, 403, 404].includes(toProblem(error).status),
      onRefused: () => {
        setState((old) => ({ ...old, refused: true }));
      },
      isLookedAt: () => !document.hidden,
    });
    document.addEventListener('visibilitychange', wake);
    const unhear = onLiveEvent((event) => {
      if (event.payload['pipelineId'] === run || event.subjectId === run) wake();
    });
    return () => {
      stop();
      unhear();
      document.removeEventListener('visibilitychange', wake);
      cancelAnimationFrame(frame);
    };
  }, [run, step, attempt]);
  return { log: log.current, ...state };
}
