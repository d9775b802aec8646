import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { ApiProblem } from '../../api/problem.ts';
import { getFile, getTree, rawUrl } from '../../api/repository.ts';
import type { RepositoryFile } from '../../api/types.ts';
import { useLoad } from '../../app/load.ts';
import { projectPath, useQuery, withQuery } from '../../app/location.ts';
import { ButtonLink } from '../../components/button.tsx';
import { Copy } from '../../components/copy.tsx';
import { deferred } from '../../components/deferred.tsx';
import { Empty, Show } from '../../components/feedback.tsx';
import { isMarkdownName, isPictureName } from '../../lib/file-kinds.ts';
import { formatBytes } from '../../lib/time.ts';
import type { ProjectPageProps } from '../project-page-props.ts';
import { RefBar } from './ref-bar.tsx';

const CodeView = deferred(() => import('../../components/code-view.tsx').then((m) => m.CodeView));
const Markdown = deferred(() => import('../../components/markdown.tsx').then((m) => m.Markdown));

/** The file, or null where a folder lies: links in documents do not say which. */
async function findFile(
  at: ProjectPageProps['at'],
  query: { ref: string | undefined; path: string },
  signal: AbortSignal,
): Promise<RepositoryFile | null> {
  try {
    return await getFile(at, query, signal);
  } catch (error) {
    if (!(error instanceof ApiProblem && error.status === 404)) throw error;
    const isFolder = await getTree(at, { ...query, limit: 1 }, signal).catch(() => null);
    if (isFolder === null) throw error;
    return null;
  }
}

/** One file at a ref: source with highlighting, pictures as pictures, Markdown as it reads or as it is written. */
export function FilePage({ project, at }: ProjectPageProps): JSX.Element {
  const { query } = useQuery();
  const { route } = useLocation();
  const ref = query['ref'] ?? project.defaultBranch;
  const path = query['path'] ?? '';
  const file = useLoad(`repository/${at.owner}/${at.project}/file/${ref}/${path}`, (signal) =>
    findFile(at, { ref: query['ref'], path }, signal),
  );
  const isFolder = file.data === null;
  useEffect(() => {
    if (!isFolder) return;
    const page = projectPath(at.owner, at.project, '/tree');
    route(withQuery(page, { ref: query['ref'], path }), true);
  }, [isFolder, path]);
  return (
    <>
      <RefBar at={at} gitRef={ref} path={path} page="/file" />
      <Show loaded={file} rows={12} what="File">
        {(data) =>
          data && (
            <div class="panel">
              <FileHead
                file={data}
                raw={rawUrl(at, ref, path)}
                history={withQuery(projectPath(at.owner, at.project, '/commits'), {
                  ref: query['ref'],
                  path,
                })}
              />
              {data.lossy && (
                <p class="quiet-line" role="note">
                  The file is not UTF-8: <code>{'\ufffd'}</code> stands for what is not. Raw has its
                  bytes.
                </p>
              )}
              <Content file={data} raw={rawUrl(at, ref, path)} at={at} gitRef={ref} />
            </div>
          )
        }
      </Show>
    </>
  );
}

/** Files that can be looked at in two ways: what they are, and what is written in them. */
function viewWord(file: RepositoryFile): string | null {
  if (file.kind !== 'file' || file.text === null) return null;
  if (isMarkdownName(file.name)) return 'Text';
  return isPictureName(file.name) ? 'Picture' : null;
}

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
  const word = viewWord(file);
  const lines =
    file.text === null ? null : file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0);
  return (
    <div class="panel-head file-head">
      <h2 class="hidden-visually">{file.name}</h2>
      <span class="grow line-meta">
        {lines !== null && (
          <span class="num">
            {lines.toLocaleString('en')} {lines === 1 ? 'line' : 'lines'}
          </span>
        )}
        {file.size !== null && <span class="num">{formatBytes(file.size)}</span>}
        {file.kind === 'symlink' && <span>symbolic link</span>}
      </span>
      {word !== null && (
        <div class="segmented" role="group" aria-label="Show as">
          <button
            type="button"
            aria-pressed={query['view'] !== 'source'}
            onClick={() => {
              setQuery({ view: undefined });
            }}
          >
            {word}
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
  const isSource = query['view'] === 'source';
  if (file.kind === 'file' && isPictureName(file.name) && !(isSource && file.text !== null)) {
    return <img class="picture" src={raw} alt={file.name} />;
  }
  if (file.text === null) {
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
  if (viewWord(file) !== null && !isSource) {
    return <Markdown source={file.text} at={at} gitRef={gitRef} path={file.path} isMarkdown />;
  }
  return <CodeView text={file.text} fileName={file.name} />;
}
