import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { toProblem } from '../../api/problem.ts';
import { onLiveEvent } from '../../app/events.ts';
import { lineOfHash } from '../../lib/line-hash.ts';
import { type LogPlace, LogLines } from '../../lib/log-lines.ts';
import { followParts, type Part } from '../../lib/follow-parts.ts';

export interface FollowedLog {
  log: LogLines;
  /** changes with every piece that came */
  version: number;
  connected: boolean;
  ended: boolean;
  /** the server refused to show it */
  refused: boolean;
  /** the first line that tells of a failure; null: none does; undefined: not known, or nobody asked */
  failure: number | null | undefined;
  /** asks for what is missing of a log of which only a part came: somebody looks there, or searches */
  want: () => void;
}

/** A step as it was when its log was opened. */
export interface OpenedStep {
  run: string;
  name: string;
  attempt: number;
  /** it was over */
  settled: boolean;
  failed: boolean;
}

/** Address of a step's log. */
export function logUrl(run: string, step: string, query: string): string {
  return `/api/v1/pipelines/${encodeURIComponent(run)}/steps/${encodeURIComponent(step)}/logs${query}`;
}

interface Piece {
  offset: number;
  text: string;
  by: 'platform' | 'step';
}
interface LogPart extends Part<Piece> {
  window?: (LogPlace & { failure: number | null }) | undefined;
}

const fresh = {
  version: 0,
  connected: true,
  ended: false,
  refused: false,
  failure: undefined as number | null | undefined,
};
type Shown = typeof fresh;

/** Where a long log is opened: at the line of the address, at its end while it grows, else at the failure or the start. */
function placeOf({ settled, failed }: OpenedStep): string {
  const line = lineOfHash(location.hash);
  if (line !== null) return String(line);
  if (!settled) return 'end';
  return failed ? 'failure' : 'start';
}

const largest = 1_048_576;

/** Reads the log of one step: from a place in it on, and when that is wanted what stands before it. */
class LogReader {
  readonly lines = new LogLines();
  private readonly step: OpenedStep;
  private readonly show: (change: (old: Shown) => Shown) => void;
  private begun: LogPlace | null = null;
  private isWanted = false;
  private onWanted: () => void = () => undefined;
  private readonly wanted = new Promise<void>((resolve) => {
    this.onWanted = resolve;
  });
  private head: ReturnType<typeof followParts> | null = null;
  private readonly tail: ReturnType<typeof followParts>;

  constructor(step: OpenedStep, show: (change: (old: Shown) => Shown) => void) {
    this.step = step;
    this.show = show;
    this.tail = followParts<Piece>({
      ...this.shared(),
      ask: (offset, signal) => this.askOn(offset, signal),
      onPieces: (pieces) => {
        for (const { offset, text, by } of pieces) this.lines.append(offset, text, by);
        this.redraw();
      },
      untilWanted: () => (step.settled ? this.wanted : Promise.resolve()),
      onEnd: () => {
        this.lines.end();
        show((old) => ({ ...old, ended: true, connected: true, version: old.version + 1 }));
      },
    });
  }

  /** Asks for all of it. */
  want(): void {
    this.isWanted = true;
    this.onWanted();
    this.fill();
  }

  wake(): void {
    this.tail.wake();
    this.head?.wake();
  }

  stop(): void {
    this.tail.stop();
    this.head?.stop();
  }

  private redraw(): void {
    this.show((old) => ({ ...old, version: old.version + 1 }));
  }

  private shared() {
    return {
      onConnected: (connected: boolean) => {
        this.show((old) => (old.connected === connected ? old : { ...old, connected }));
      },
      isRefusal: (error: unknown) => [401, 403, 404].includes(toProblem(error).status),
      onRefused: () => {
        this.show((old) => ({ ...old, refused: true }));
      },
      isLookedAt: () => !document.hidden,
    };
  }

  private ask(query: object, signal: AbortSignal): Promise<LogPart> {
    const { run, name } = this.step;
    const path = { id: run, name };
    return call('get', '/api/v1/pipelines/{id}/steps/{name}/logs', { path, query, signal });
  }

  private async askOn(offset: number, signal: AbortSignal): Promise<LogPart> {
    if (this.begun !== null && offset > 0) return this.ask({ offset: String(offset) }, signal);
    const part = await this.ask({ around: placeOf(this.step) }, signal);
    if (part.window !== undefined && !signal.aborted) {
      const { failure } = part.window;
      this.begun = part.window;
      this.lines.begin(part.window);
      this.show((old) => ({ ...old, failure }));
      this.fill();
    }
    return part;
  }

  /** What stands before the place that it began at. */
  private fill(): void {
    const { begun, lines } = this;
    if (!this.isWanted || begun === null || lines.isFilled || this.head !== null) return;
    this.head = followParts<Piece>({
      ...this.shared(),
      ask: async (offset, signal) => {
        const limit = Math.max(1024, Math.min(largest, begun.start - offset));
        const part = await this.ask({ offset: String(offset), limit }, signal);
        return { ...part, isEnd: part.next >= begun.start };
      },
      onPieces: (pieces) => {
        for (const { offset, text, by } of pieces) lines.fill(offset, text, by);
        this.redraw();
      },
      onEnd: () => {
        this.redraw();
      },
    });
  }
}

/**
 * Follows the log of one step, part by part, as long as the page is looked at: no connection is held, of which a browser
 * has six for all its pages. Of a long one some lines around a place come first, and the rest when it is wanted. Another
 * attempt begins a new one. The screen is redrawn at most once a frame.
 */
export function useLog(step: OpenedStep): FollowedLog {
  const reader = useRef<LogReader | null>(null);
  const [state, setState] = useState(fresh);
  const { run, name, attempt } = step;
  useEffect(() => {
    setState(fresh);
    let frame = 0;
    let changes: ((old: Shown) => Shown)[] = [];
    const opened = new LogReader(step, (change) => {
      changes.push(change);
      frame ||= requestAnimationFrame(() => {
        const all = changes.splice(0);
        frame = 0;
        setState((old) => all.reduce((shown, one) => one(shown), old));
      });
    });
    reader.current = opened;
    const wake = (): void => {
      opened.wake();
    };
    document.addEventListener('visibilitychange', wake);
    const unhear = onLiveEvent((event) => {
      if (event.payload['pipelineId'] === run || event.subjectId === run) wake();
    });
    return () => {
      opened.stop();
      unhear();
      document.removeEventListener('visibilitychange', wake);
      cancelAnimationFrame(frame);
      changes = [];
    };
  }, [run, name, attempt]);
  return {
    ...state,
    log: reader.current?.lines ?? nothingYet,
    want: () => {
      reader.current?.want();
    },
  };
}

const nothingYet = new LogLines();
