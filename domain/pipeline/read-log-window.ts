import type { BlobStore } from '../shared/blob-store.ts';
import type { Db } from '../shared/db.ts';
import { tellsOfFailure } from './first-failure.ts';
import { type LogPart, readLogPart, readStored } from './read-log.ts';

/** Where in a log a window is wanted: by name, or around a line, counted from 0. */
export type WindowPlace = 'start' | 'end' | 'failure' | number;

/** What a reader sees of a long log at first: some lines, and where they stand in the whole. */
export interface LogWindow extends LogPart {
  /** byte offset at which it begins: the beginning of a line */
  start: bigint;
  /** lines before it */
  line: number;
  /** lines of the whole log */
  lines: number;
  /** the first line that tells of a failure, counted from 0; null: none does, or it was not asked for */
  failure: number | null;
}

const windowBytes = 64 * 1024;
/** so much of it stands before the line that is looked for */
const beforeBytes = 24 * 1024;
const scanBytes = 1024 * 1024;
/** A line is known by its beginning: some are megabytes long. */
const lineBytes = 4096;

const newline = 10;
const nothing = Buffer.alloc(0);

interface Mark {
  line: number;
  offset: bigint;
}

/** Reads a log once, piece by piece, and keeps nothing of it but counts. */
class Scan {
  private readonly isWanted: (line: number, text: () => string) => boolean;
  /** complete lines so far */
  lines = 0;
  offset = 0n;
  found: Mark | null = null;
  private lineStart = 0n;
  private rest: Buffer = nothing;

  constructor(isWanted: (line: number, text: () => string) => boolean) {
    this.isWanted = isWanted;
  }

  push(data: Buffer): void {
    let from = 0;
    for (let at = data.indexOf(newline); at >= 0; at = data.indexOf(newline, from)) {
      if (this.found === null) this.look(data.subarray(from, at));
      this.lines += 1;
      from = at + 1;
      this.lineStart = this.offset + BigInt(from);
      this.rest = nothing;
    }
    // a copy: the piece is not kept for its last line
    const room = lineBytes - this.rest.length;
    if (room > 0) this.rest = Buffer.concat([this.rest, data.subarray(from, from + room)]);
    this.offset += BigInt(data.length);
  }

  /** Lines in all: what follows the last newline is one, too. */
  end(): number {
    if (this.offset === this.lineStart) return this.lines;
    if (this.found === null) this.look(nothing);
    return this.lines + 1;
  }

  private look(end: Buffer): void {
    const text = (): string =>
      Buffer.concat([this.rest, end.subarray(0, lineBytes)]).toString('utf8');
    if (this.isWanted(this.lines, text)) {
      this.found = { line: this.lines, offset: this.lineStart };
    }
  }
}

function wantedLine(place: WindowPlace): (line: number, text: () => string) => boolean {
  if (place === 'failure') return (_line, text) => tellsOfFailure(text());
  return (line) => line === place;
}

async function scan(
  db: Db,
  store: BlobStore,
  stepId: string,
  place: WindowPlace,
): Promise<{ seen: Scan; lines: number }> {
  const found = new Scan(wantedLine(place));
  for (;;) {
    const piece = await readStored(db, store, stepId, found.offset, scanBytes);
    if (piece === null) break;
    found.push(piece.data);
  }
  return { lines: found.end(), seen: found };
}

/** The beginning of the first line that begins at most `bytes` before a mark, which is one itself. */
async function lineBefore(
  db: Db,
  store: BlobStore,
  stepId: string,
  mark: Mark,
  bytes: number,
): Promise<Mark> {
  const from = mark.offset - BigInt(bytes);
  if (from <= 0n) return { line: 0, offset: 0n };
  const parts: Buffer[] = [];
  for (let at = from; at < mark.offset;) {
    const piece = await readStored(db, store, stepId, at, bytes);
    if (piece === null) return mark;
    parts.push(piece.data);
    at += BigInt(piece.data.length);
  }
  const data = Buffer.concat(parts).subarray(0, bytes);
  const first = data.indexOf(newline) + 1;
  if (first === 0) return mark;
  let between = 0;
  for (let at = data.indexOf(newline, first); at >= 0; at = data.indexOf(newline, at + 1)) {
    between += 1;
  }
  return { line: mark.line - between, offset: from + BigInt(first) };
}

/** About 64 KiB of a log, whole lines at their beginning, around a place: the start where there is no such line. */
export async function readLogWindow(
  db: Db,
  store: BlobStore,
  stepId: string,
  place: WindowPlace,
): Promise<LogWindow> {
  const { seen, lines } = await scan(db, store, stepId, place);
  let start: Mark = { line: 0, offset: 0n };
  if (place === 'end') {
    const behind = { line: seen.lines, offset: seen.offset };
    start = await lineBefore(db, store, stepId, behind, windowBytes);
  } else if (seen.found !== null) {
    start = await lineBefore(db, store, stepId, seen.found, beforeBytes);
  }
  const part = await readLogPart(db, store, stepId, start.offset, windowBytes);
  return {
    ...part,
    start: start.offset,
    line: start.line,
    lines,
    failure: place === 'failure' ? (seen.found?.line ?? null) : null,
  };
}
