import type { JSX } from 'preact';
import { getReadme } from '../../api/repository.ts';
import type { ProjectRef } from '../../api/resources.ts';
import { useLoad } from '../../app/load.ts';
import { projectPath, withQuery } from '../../app/location.ts';
import { deferred } from '../../components/deferred.tsx';
import { Icon } from '../../components/icon.tsx';
import { isMarkdownName } from '../../lib/file-kinds.ts';

const Markdown = deferred(() => import('../../components/markdown.tsx').then((m) => m.Markdown));

/** The README of a folder under its listing; nothing where there is none. */
export function Readme({
  at,
  gitRef,
  asked,
  path,
}: {
  at: ProjectRef;
  gitRef: string;
  /** the ref of the address; without one the default branch */
  asked: string | undefined;
  path: string;
}): JSX.Element | null {
  const readme = useLoad(`repository/${at.owner}/${at.project}/readme/${gitRef}/${path}`, () =>
    getReadme(at, { ref: asked, path }),
  );
  const file = readme.data;
  if (!file) return null;
  const page = withQuery(projectPath(at.owner, at.project, '/file'), {
    ref: asked,
    path: file.path,
  });
  return (
    <div class="panel">
      <div class="panel-head">
        <Icon name="file" />
        <h2>
          <a class="plain" href={page}>
            {file.path}
          </a>
        </h2>
      </div>
      {file.text === null ? (
        <p class="quiet-line">
          {file.tooLarge ? 'It is too large to show here.' : 'It is not a text file.'}
        </p>
      ) : (
        <Markdown
          source={file.text}
          at={at}
          gitRef={gitRef}
          path={file.path}
          isMarkdown={isMarkdownName(file.name)}
        />
      )}
    </div>
  );
}
