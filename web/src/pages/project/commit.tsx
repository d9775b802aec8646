import type { JSX } from 'preact';
import { getCommit } from '../../api/repository.ts';
import { listProjectRuns } from '../../api/resources.ts';
import type { Commit } from '../../api/types.ts';
import { useList, useLoad } from '../../app/load.ts';
import { projectPath, withQuery } from '../../app/location.ts';
import { ButtonLink } from '../../components/button.tsx';
import { Copy } from '../../components/copy.tsx';
import { DiffView } from '../../components/diff-view.tsx';
import { Show } from '../../components/feedback.tsx';
import { RunRow } from '../../components/run-row.tsx';
import { Time } from '../../components/time.tsx';
import { shortSha } from '../../lib/time.ts';
import { NotFound } from '../not-found.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';

/** One commit: message, who and when, and what it changed. */
export function CommitPage({ at, item = '' }: ProjectPageProps): JSX.Element {
  const commit = useLoad(`repository/${at.owner}/${at.project}/commit/${item}`, () =>
    getCommit(at, item),
  );
  if (commit.problem?.status === 404) return <NotFound what="commit" />;
  return (
    <Show loaded={commit} rows={8} what="Commit">
      {(data) => (
        <div class="stack">
          <CommitHead commit={data} at={at} />
          <CommitRuns sha={data.sha} at={at} />
          <DiffView diff={data.diff} />
        </div>
      )}
    </Show>
  );
}

/** What ran of it, and what was not to run. A commit without a pipeline has nothing here. */
function CommitRuns({ sha, at }: { sha: string; at: ProjectPageProps['at'] }): JSX.Element | null {
  const list = useList(`pipelines/of/${at.owner}/${at.project}/commit/${sha}`, (cursor, signal) =>
    listProjectRuns(at, { commit: sha, cursor }, signal),
  );
  const runs = list.data ?? [];
  if (runs.length === 0) return null;
  return (
    <section aria-label="Pipelines">
      <ul class="line-list">
        {runs.map((run) => (
          <RunRow key={run.id} run={run} showProject={false} />
        ))}
      </ul>
    </section>
  );
}

function CommitHead({ commit, at }: { commit: Commit; at: ProjectPageProps['at'] }): JSX.Element {
  return (
    <div class="panel commit-head">
      <div class="row">
        <h2 class="grow">{commit.subject || '(no message)'}</h2>
        <ButtonLink
          href={withQuery(projectPath(at.owner, at.project, '/tree'), { ref: commit.sha })}
          icon="folder"
        >
          Files
        </ButtonLink>
      </div>
      {commit.body !== '' && (
        <pre class="commit-body" tabIndex={0} role="group" aria-label="Message">
          {commit.body}
        </pre>
      )}
      <p class="line-meta">
        <span class="strong">{commit.author.name}</span>
        <Time at={commit.author.at} />
        {commit.committer.name !== commit.author.name && (
          <span>committed by {commit.committer.name}</span>
        )}
        <span class="row tightest">
          <code>{shortSha(commit.sha)}</code>
          <Copy text={commit.sha} label="Copy commit id" />
        </span>
        {commit.parents.map((parent) => (
          <span key={parent}>
            parent{' '}
            <a href={projectPath(at.owner, at.project, `/commits/${parent}`)}>
              <code>{shortSha(parent)}</code>
            </a>
          </span>
        ))}
      </p>
    </div>
  );
}
