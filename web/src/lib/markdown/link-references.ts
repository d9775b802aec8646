import type { ProjectRef } from '../../api/resources.ts';
import { projectPath } from '../../app/location.ts';
import { splitReferences } from '../references.ts';

const pages = {
  issue: '/issues/',
  'merge-request': '/merge-requests/',
  commit: '/commits/',
} as const;

/** `#12`, `!3` and commits in a text become links. */
export function linkReferences(fragment: DocumentFragment, at: ProjectRef): void {
  const walker = document.createTreeWalker(fragment, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  for (const text of texts) {
    if (text.parentElement?.closest('a, code, pre')) continue;
    const parts = splitReferences(text.data);
    if (parts.every((part) => part.refersTo === null)) continue;
    text.replaceWith(
      ...parts.map(({ text: shown, refersTo }) => {
        if (refersTo === null) return shown;
        const link = document.createElement('a');
        link.href = projectPath(at.owner, at.project, pages[refersTo.kind] + refersTo.value);
        link.textContent = refersTo.kind === 'commit' ? shown.slice(0, 8) : shown;
        return link;
      }),
    );
  }
}
