import { listLabels } from '../../api/issues.ts';
import type { ProjectRef } from '../../api/resources.ts';
import { useLoad, useSettled } from '../../app/load.ts';

/** Labels that issues of the project have, the most used first; those with `typed` in them. */
export function useLabels(at: ProjectRef, typed = ''): string[] {
  const q = useSettled(typed).trim();
  const found = q === '' ? 'labels' : `labels/${q}`;
  const labels = useLoad(`issues/${at.owner}/${at.project}/${found}`, (signal) =>
    listLabels(at, q, signal),
  );
  return labels.data?.items.map((item) => item.label) ?? [];
}
