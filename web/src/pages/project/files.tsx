import type { JSX } from 'preact';
import { deferred } from '../../components/deferred.tsx';

import { getReadme, getTree, listCommits } from '../../api/repository.ts';
import type { ProjectRef } from '../../api/resources.ts';
import type { Tree, TreeEntry } from '../../api/types.ts';
import { useLoad } from '../../app/load.ts';
import { projectPath, useQuery, withQuery } from '../../app/location.ts';
import { Show } from '../../components/feedback.tsx';
import { Icon } from '../../components/icon.tsx';
import { Time } from '../../components/time.tsx';
import { formatBytes, shortSha } from '../../lib/time.ts';
import { EmptyRepository } from './empty-repository.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';
import { RefBar } from './ref-bar.tsx';

const Markdown = deferred(() => import('../../components/markdown.tsx').then((m) => m.Markdown));

/** A directory of the repository, with its newest commit and, at the root, the README. */
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
            <Listing at={at} tree={data} gitRef={query['ref']} path={path} />
            {path === '' && <Readme at={at} gitRef={ref} asked={query['ref']} />}
          </div>
        )}
      </Show>
    </>
  );
}

const order = { directory: 0, submodule: 1, symlink: 2, file: 2 } as const;

function Listing({
  at,
  tree,
  gitRef,
  path,
}: {
  at: ProjectRef;
  tree: Tree;
  gitRef: string | undefined;
  path: string;
}): JSX.Element {
  const entries = [...tree.items].sort(
    (a, b) => order[a.kind] - order[b.kind] || a.name.localeCompare(b.name),
  );
  const up = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  const href = (entry: TreeEntry): string =>
    withQuery(projectPath(at.owner, at.project, entry.kind === 'directory' ? '/tree' : '/file'), {
      ref: gitRef,
      path: entry.path,
    });
  return (
    <div class="panel">
      <LastCommit at={at} gitRef={gitRef} path={path} />
      <ul class="file-list">
        {path !== '' && (
          <li>
            <a
              href={withQuery(projectPath(at.owner, at.project, '/tree'), {
                ref: gitRef,
                path: up,
              })}
              data-item=""
              aria-label="Up one directory"
            >
              <Icon name="folder" /> <span class="grow">..</span>
            </a>
          </li>
        )}
        {entries.map((entry) => (
          <li key={entry.path}>
            {entry.kind === 'submodule' ? (
              <span class="file-line muted">
                <Icon name="box" /> <span class="grow truncate">{entry.name}</span>
                <code>{shortSha(entry.sha)}</code>
              </span>
            ) : (
              <a href={href(entry)} data-item="">
                <Icon name={entry.kind === 'directory' ? 'folder' : 'file'} class={entry.kind} />
                <span class="grow truncate">{entry.name}</span>
                {entry.size !== null && <span class="meta num">{formatBytes(entry.size)}</span>}
              </a>
            )}
          </li>
        ))}
      </ul>
      {tree.nextCursor !== null && (
        <p class="quiet-line">Only the first {tree.items.length} entries are shown.</p>
      )}
    </div>
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

function Readme({
  at,
  gitRef,
  asked,
}: {
  at: ProjectRef;
  gitRef: string;
  asked: string | undefined;
}): JSX.Element | null {
  const readme = useLoad(`repository/${at.owner}/${at.project}/readme/${gitRef}`, () =>
    getReadme(at, asked),
  );
  if (!readme.data?.text) return null;
  return (
    <div class="panel">
      <div class="panel-head">
        <Icon name="file" />
        <h2>{readme.data.name}</h2>
      </div>
      <Markdown
        source={readme.data.text}
        at={at}
        gitRef={gitRef}
        isMarkdown={/\.(md|markdown)$/i.test(readme.data.name)}
      />
    </div>
  );
}
