import {
  anchorHeadings,
  boxWideThings,
  fixLinks,
  fixPictures,
  type Place,
  shiftHeadings,
} from './dress.ts';
import { linkReferences } from './link-references.ts';
import { markdownToHtml } from './parse.ts';
import { sanitizeHtml } from './sanitize.ts';

/** Elements of a Markdown text, harmless, with links and pictures that lead into the repository. */
export function renderMarkdown(source: string, place: Place, id: string): DocumentFragment {
  const kind = place.folder === null ? 'talk' : 'document';
  const fragment = sanitizeHtml(markdownToHtml(source, kind, id));
  shiftHeadings(fragment);
  if (kind === 'document') anchorHeadings(fragment);
  fixLinks(fragment, place);
  fixPictures(fragment, place);
  boxWideThings(fragment);
  if (kind === 'talk') linkReferences(fragment, place.at);
  return fragment;
}
