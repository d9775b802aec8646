import type { JSX } from 'preact';
import { listRuns } from '../../api/resources.ts';
import { useKept, useList, useSettled } from '../../app/load.ts';
import { useQuery } from '../../app/location.ts';
import { More, Show } from '../../components/feedback.tsx';
import { Choice, Filter } from '../../components/field.tsx';
import { PageHead } from '../../components/page.tsx';
import { RunList } from '../../components/run-row.tsx';
import { oneOf } from '../../lib/one-of.ts';
import { runStatuses, statusChoices } from './status-choices.ts';

/** All pipelines that one may see, newest first. */
export function Pipelines(): JSX.Element {
  const { query, setQuery } = useQuery();
  const status = oneOf(runStatuses, query['status']);
  const text = useSettled(query['q'] ?? '').trim();
  const list = useKept(
    useList(`pipelines/all/${status ?? ''}/${text}`, (cursor, signal) =>
      listRuns({ status, q: text || undefined, cursor, limit: 50 }, signal),
    ),
  );
  return (
    <>
      <PageHead
        title="Pipelines"
        documentTitle="Pipelines"
        state="Every run of every project that you may see."
      />
      <div class="toolbar">
        <Filter
          label="Filter by project, branch or commit"
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
      <Show loaded={list} rows={10} what="Pipelines">
        {(runs) => (
          <RunList
            runs={runs}
            empty={
              status || text
                ? 'No pipeline matches this filter.'
                : 'A push to a project with a .platform.yaml starts one.'
            }
          />
        )}
      </Show>
      <More list={list} />
    </>
  );
}
