import type { ChangeEntryKind } from '../../contracts/change.ts';

/** One thing that happened to a change. */
export interface ChangeEntry {
  /** id of the thing: a push, a run, a gate, an event */
  id: string;
  kind: ChangeEntryKind;
  title: string;
  /** its own state, in the words of its area; null for what merely happened */
  state: string | null;
  at: string;
  endedAt: string | null;
  durationMs: number | null;
  actor: { id: string; name: string } | null;
  projectId: string;
  /** page of the web app, relative to its root */
  link: string | null;
  /** what else is worth showing, by kind */
  detail: Record<string, unknown>;
}

/** An entry before the names of people are known. */
export type EntryDraft = Omit<ChangeEntry, 'actor' | 'at' | 'endedAt' | 'durationMs'> & {
  actorId: string | null;
  at: Date;
  endedAt: Date | null;
};
