import type { ComponentChildren } from 'preact';
import type { FileChange } from '../api/types.ts';
import type { DiffLine } from '../lib/diff.ts';
import type { MarkedToken } from '../lib/mark-tokens.ts';

export type Side = 'old' | 'new';

/** Coloured pieces of each line, once they are known. */
export type Colours = ReadonlyMap<DiffLine, readonly Pick<MarkedToken, 'text' | 'name'>[]>;

/** What a page adds to a diff: words under lines, marks at files. */
export interface DiffExtras {
  /** what stands under the lines of a file, by `new:12`; what is under no shown line stands at the end of the file */
  under: (file: FileChange) => ReadonlyMap<string, ComponentChildren>;
  /** somebody wants to write about a line; without it lines cannot be picked */
  onPick?: ((file: FileChange, side: Side, line: number) => void) | undefined;
  isViewed: (file: FileChange) => boolean;
  onViewed: (file: FileChange, viewed: boolean) => void;
  /** all lines of a file as it is now, for those that the patch leaves out */
  readLines: (file: FileChange) => Promise<string[]>;
}

/** Key of a line of one side. */
export function lineKey(side: Side, line: number): string {
  return `${side}:${line}`;
}
