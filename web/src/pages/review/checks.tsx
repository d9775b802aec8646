import type { JSX } from 'preact';
import { listProjectRuns, type ProjectRef } from '../../api/resources.ts';
import type { MergeRequestDetail, Run } from '../../api/types.ts';
import { type LoadedList, useList } from '../../app/load.ts';
import { projectPath } from '../../app/location.ts';
import { More, Show } from '../../components/feedback.tsx';
import { RunList } from '../../components/run-row.tsx';
import { shortSha } from '../../lib/time.ts';

/** Pipelines of the newest commit, as they run. */
export function Checks({
  mergeRequest,
  at,
}: {
  mergeRequest: MergeRequestDetail;
  at: ProjectRef;
}): JSX.Element {
  const runs = useHeadRuns(mergeRequest, at);
  return (
    <>
      <p class="muted above">
        Pipelines of{' '}
        <a href={projectPath(at.owner, at.project, `/commits/${mergeRequest.headSha}`)}>
          <code>{shortSha(mergeRequest.headSha)}</code>
        </a>
        , the newest commit of <code>{mergeRequest.sourceBranch}</code>.
      </p>
      <Show loaded={runs} rows={3} what="Pipelines">
        {(items) => (
          <RunList
            runs={items}
            showProject={false}
            empty="No pipeline has run for this commit: its .platform.yaml does not ask for one, or it has none."
          />
        )}
      </Show>
      <More list={runs} />
    </>
  );
}

/** Pipelines of the head commit, newest first. */
export function useHeadRuns(
  mergeRequest: Pick<MergeRequestDetail, 'headSha'>,
  at: ProjectRef,
): LoadedList<Run> {
  const commit = mergeRequest.headSha;
  return useList(`pipelines/of/${at.owner}/${at.project}/commit/${commit}`, (cursor, signal) =>
    listProjectRuns(at, { commit, cursor }, signal),
  );
}
