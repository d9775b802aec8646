import type { JSX } from 'preact';
import { deferred } from '../../components/deferred.tsx';

import { getFile, rawUrl } from '../../api/repository.ts';
import type { RepositoryFile } from '../../api/types.ts';
import { useLoad } from '../../app/load.ts';
import { projectPath, useQuery, withQuery } from '../../app/location.ts';
import { ButtonLink } from '../../components/button.tsx';
import { Copy } from '../../components/copy.tsx';
import { Empty, Show } from '../../components/feedback.tsx';
import { formatBytes } from '../../lib/time.ts';
import type { ProjectPageProps } from '../project-page-props.ts';
import { RefBar } from './ref-bar.tsx';

const CodeView = deferred(() => import('../../components/code-view.tsx').then((m) => m.CodeView));
const Markdown = deferred(() => import('../../components/markdown.tsx').then((m) => m.Markdown));

/** One file at a ref: source with highlighting, pictures as pictures, Markdown as it reads or as it is written. */
export function FilePage({ project, at }: ProjectPageProps): JSX.Element {
  const { query } = useQuery();
  const ref = query['ref'] ?? project.defaultBranch;
  const path = query['path'] ?? '';
  const file = useLoad(`repository/${at.owner}/${at.project}/file/${ref}/${path}`, (signal) =>
    getFile(at, { ref: query['ref'], path }, signal),
  );
  return (
    <>
      <RefBar at={at} gitRef={ref} path={path} page="/file" />
      <Show loaded={file} rows={12} what="File">
        {(data) => (
          <div class="panel">
            <FileHead
              file={data}
              raw={rawUrl(at, ref, path)}
              history={withQuery(projectPath(at.owner, at.project, '/commits'), {
                ref: query['ref'],
                path,
              })}
            />
            <Content file={data} raw={rawUrl(at, ref, path)} at={at} gitRef={ref} />
          </div>
        )}
      </Show>
    </>
  );
}

const isMarkdown = (file: RepositoryFile): boolean => /\.(md|markdown)$/i.test(file.name);

function FileHead({
  file,
  raw,
  history,
}: {
  file: RepositoryFile;
  raw: string;
  history: string;
}): JSX.Element {
  const { query, setQuery } = useQuery();
  const lines =
    file.text === null ? null : file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0);
  return (
    <div class="panel-head">
      <h2 class="hidden-visually">{file.name}</h2>
      <span class="grow line-meta">
        {lines !== null && <span class="num">{lines.toLocaleString('en')} lines</span>}
        {file.size !== null && <span class="num">{formatBytes(file.size)}</span>}
        {file.kind === 'symlink' && <span>symbolic link</span>}
      </span>
      {isMarkdown(file) && (
        <div class="segmented" role="group" aria-label="Show as">
          <button
            type="button"
            aria-pressed={query['view'] !== 'source'}
            onClick={() => {
              setQuery({ view: undefined });
            }}
          >
            Text
          </button>
          <button
            type="button"
            aria-pressed={query['view'] === 'source'}
            onClick={() => {
              setQuery({ view: 'source' });
            }}
          >
            Source
          </button>
        </div>
      )}
      {file.text !== null && <Copy text={file.text} label="Copy the file" />}
      <ButtonLink href={history} kind="quiet" icon="commit">
        History
      </ButtonLink>
      <ButtonLink href={raw} kind="quiet" icon="download" download>
        Raw
      </ButtonLink>
    </div>
  );
}

function Content({
  file,
  raw,
  at,
  gitRef,
}: {
  file: RepositoryFile;
  raw: string;
  at: ProjectPageProps['at'];
  gitRef: string;
}): JSX.Element {
  const { query } = useQuery();
  if (file.text === null) {
    if (/\.(png|jpe?g|gif|webp)$/i.test(file.name))
      return <img class="picture" src={raw} alt={file.name} />;
    return (
      <Empty
        icon="file"
        title={file.tooLarge ? 'Too large to show here' : 'Not a text file'}
        action={
          <ButtonLink href={raw} icon="download" download>
            Download
          </ButtonLink>
        }
      >
        {file.size === null ? '' : formatBytes(file.size)}
      </Empty>
    );
  }
  if (file.text === '') return <Empty icon="file" title="The file is empty" />;
  if (isMarkdown(file) && query['view'] !== 'source') {
    return <Markdown source={file.text} at={at} gitRef={gitRef} isMarkdown />;
  }
  return <CodeView text={file.text} fileName={file.name} />;
}
