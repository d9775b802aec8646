import type { JSX } from 'preact';
import { listProjectRuns } from '../../api/resources.ts';
import { useKept, useList, useSettled } from '../../app/load.ts';
import { useQuery } from '../../app/location.ts';
import { More, Show } from '../../components/feedback.tsx';
import { Choice, Filter } from '../../components/field.tsx';
import { RunList } from '../../components/run-row.tsx';
import { oneOf } from '../../lib/one-of.ts';
import { runStatuses, statusChoices } from '../pipeline/status-choices.ts';
import type { ProjectPageProps } from '../project-page-props.ts';

/** Pipelines of one project, newest first. */
export function ProjectPipelines({ at }: ProjectPageProps): JSX.Element {
  const { query, setQuery } = useQuery();
  const status = oneOf(runStatuses, query['status']);
  const text = useSettled(query['q'] ?? '').trim();
  const list = useKept(
    useList(
      `pipelines/of/${at.owner}/${at.project}/list/${status ?? ''}/${text}`,
      (cursor, signal) => listProjectRuns(at, { status, q: text || undefined, cursor }, signal),
    ),
  );
  return (
    <>
      <div class="toolbar">
        <Filter
          label="Filter by branch or commit"
          value={query['q'] ?? ''}
          onValue={(q) => {
            setQuery({ q });
          }}
        />
        <Choice
          label="State"
          value={status ?? ''}
          options={statusChoices}
          onValue={(value) => {
            setQuery({ status: value });
          }}
        />
      </div>
      <Show loaded={list} rows={8} what="Pipelines">
        {(runs) => (
          <RunList
            runs={runs}
            showProject={false}
            empty={
              status || text
                ? 'No pipeline matches this filter.'
                : 'Push a commit that has a .platform.yaml, or run one by hand.'
            }
          />
        )}
      </Show>
      <More list={list} />
    </>
  );
}
