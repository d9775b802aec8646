import type { JSX } from 'preact';
import { listCommits } from '../../api/repository.ts';
import type { Commit } from '../../api/types.ts';
import { useList } from '../../app/load.ts';
import { projectPath, useQuery } from '../../app/location.ts';
import { Copy } from '../../components/copy.tsx';
import { Empty, More, Show } from '../../components/feedback.tsx';
import { Section } from '../../components/page.tsx';
import { Time } from '../../components/time.tsx';
import { shortSha } from '../../lib/time.ts';
import type { ProjectPageProps } from '../project-page-props.ts';
import { RefBar } from './ref-bar.tsx';

/** History of a ref or of a path on it, day by day. */
export function Commits({ project, at }: ProjectPageProps): JSX.Element {
  const { query } = useQuery();
  const ref = query['ref'] ?? project.defaultBranch;
  const path = query['path'] ?? '';
  const list = useList(
    `repository/${at.owner}/${at.project}/commits/${ref}/${path}`,
    (cursor, signal) => listCommits(at, { ref: query['ref'], path, cursor }, signal),
  );
  return (
    <>
      <RefBar at={at} gitRef={ref} path={path} page="/commits" />
      <Show loaded={list} rows={8} what="Commits">
        {(commits) =>
          commits.length === 0 ? (
            <Empty icon="commit" title="No commits">
              Push a branch and its history shows here.
            </Empty>
          ) : (
            <div class="stack">
              {byDay(commits).map(([day, those]) => (
                <Section key={day} title={day}>
                  <ul class="line-list">
                    {those.map((commit) => (
                      <CommitRow key={commit.sha} commit={commit} at={at} />
                    ))}
                  </ul>
                </Section>
              ))}
            </div>
          )
        }
      </Show>
      <More list={list} />
    </>
  );
}

function byDay(commits: readonly Commit[]): [string, Commit[]][] {
  const days: [string, Commit[]][] = [];
  for (const commit of commits) {
    const day = new Date(commit.committer.at).toLocaleDateString('en', { dateStyle: 'medium' });
    const last = days.at(-1);
    if (last?.[0] === day) last[1].push(commit);
    else days.push([day, [commit]]);
  }
  return days;
}

function CommitRow({ commit, at }: { commit: Commit; at: ProjectPageProps['at'] }): JSX.Element {
  const href = projectPath(at.owner, at.project, `/commits/${commit.sha}`);
  return (
    <li class="line-row">
      <div class="grow">
        <a class="line-title truncate" href={href} data-item="">
          {commit.subject || '(no message)'}
        </a>
        <div class="line-meta">
          <span>{commit.author.name}</span>
          <Time at={commit.committer.at} />
        </div>
      </div>
      <div class="row">
        <a href={href}>
          <code>{shortSha(commit.sha)}</code>
        </a>
        <Copy text={commit.sha} label="Copy commit id" />
      </div>
    </li>
  );
}
