import type { JSX } from 'preact';
import type { ProjectRef } from '../api/resources.ts';
import { deferred } from './deferred.tsx';

const Markdown = deferred(() => import('./markdown.tsx').then((m) => m.Markdown), {
  placeholder: 'none',
});

/** What somebody wrote: Markdown made harmless, with `#12`, `!3` and commits linked. */
export function Prose({ source, at }: { source: string; at: ProjectRef }): JSX.Element {
  return (
    <div class="said">
      <Markdown source={source} at={at} gitRef="HEAD" path={null} isMarkdown />
    </div>
  );
}
