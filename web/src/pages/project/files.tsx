import type { JSX } from 'preact';
import { getTree, listCommits } from '../../api/repository.ts';
import type { ProjectRef } from '../../api/resources.ts';
import { useLoad } from '../../app/load.ts';
import { projectPath, useQuery } from '../../app/location.ts';
import { Show } from '../../components/feedback.tsx';
import { Icon } from '../../components/icon.tsx';
import { Time } from '../../components/time.tsx';
import { shortSha } from '../../lib/time.ts';
import type { ProjectPageProps } from '../project-page-props.ts';
import { EmptyRepository } from './empty-repository.tsx';
import { Listing } from './listing.tsx';
import { Readme } from './readme.tsx';
import { RefBar } from './ref-bar.tsx';

/** A directory of the repository, with its newest commit and its README. */
export function Files({ project, at }: ProjectPageProps): JSX.Element {
  const { query } = useQuery();
  const ref = query['ref'] ?? project.defaultBranch;
  const path = query['path'] ?? '';
  const key = `repository/${at.owner}/${at.project}`;
  const tree = useLoad(`${key}/tree/${ref}/${path}`, (signal) =>
    getTree(at, { ref: query['ref'], path }, signal),
  );
  if (tree.data?.sha === null && path === '') return <EmptyRepository project={project} />;
  return (
    <>
      <RefBar at={at} gitRef={ref} path={path} page="/tree" />
      <Show loaded={tree} rows={8} what="Files">
        {(data) => (
          <div class="stack">
            <div class="panel">
              <LastCommit at={at} gitRef={query['ref']} path={path} />
              <Listing
                key={`${ref}/${path}`}
                at={at}
                tree={data}
                gitRef={query['ref']}
                path={path}
              />
            </div>
            <Readme at={at} gitRef={ref} asked={query['ref']} path={path} />
          </div>
        )}
      </Show>
    </>
  );
}

function LastCommit({
  at,
  gitRef,
  path,
}: {
  at: ProjectRef;
  gitRef: string | undefined;
  path: string;
}): JSX.Element {
  const commits = useLoad(
    `repository/${at.owner}/${at.project}/last/${gitRef ?? ''}/${path}`,
    (signal) => listCommits(at, { ref: gitRef, path }, signal),
  );
  const last = commits.data?.items[0];
  return (
    <div class="panel-head">
      {last ? (
        <>
          <Icon name="commit" />
          <span class="truncate grow">
            <span class="strong">{last.author.name}</span>{' '}
            <a class="plain" href={projectPath(at.owner, at.project, `/commits/${last.sha}`)}>
              {last.subject}
            </a>
          </span>
          <a href={projectPath(at.owner, at.project, `/commits/${last.sha}`)}>
            <code>{shortSha(last.sha)}</code>
          </a>
          <span class="meta">
            <Time at={last.committer.at} />
          </span>
        </>
      ) : (
        <span class="meta">&nbsp;</span>
      )}
    </div>
  );
}
