import { listLabels, listMembers } from '../../api/issues.ts';
import type { ProjectRef } from '../../api/resources.ts';
import { useLoad, useSettled } from '../../app/load.ts';
import { myName } from '../../app/session.ts';

/** Names that come to mind for a project: oneself, its owner, its members, and those in `also`; sorted, each once. */
export function usePeople(at: ProjectRef, also: readonly (string | undefined)[] = []): string[] {
  const members = useLoad(`admin/people/${at.owner}/${at.project}`, (signal) =>
    listMembers(at, '', signal),
  );
  const names = [
    at.owner,
    ...(members.data?.items.map((member) => member.userName) ?? []),
    ...also.filter((name) => name !== undefined),
  ].filter((name) => name !== myName.value);
  return [myName.value, ...[...new Set(names)].sort()];
}

/** Labels that issues of the project have, the most used first; those with `typed` in them. */
export function useLabels(at: ProjectRef, typed = ''): string[] {
  const q = useSettled(typed).trim();
  const found = q === '' ? 'labels' : `labels/${q}`;
  const labels = useLoad(`issues/${at.owner}/${at.project}/${found}`, (signal) =>
    listLabels(at, q, signal),
  );
  return labels.data?.items.map((item) => item.label) ?? [];
}
