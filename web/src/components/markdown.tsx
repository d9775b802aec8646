import DOMPurify from 'dompurify';
import MarkdownIt from 'markdown-it';
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { rawUrl } from '../api/repository.ts';
import type { ProjectRef } from '../api/resources.ts';
import { projectPath, withQuery } from '../app/location.ts';
import { splitReferences } from '../lib/references.ts';

const renderer = new MarkdownIt({ html: false, linkify: true });

/** Elements that a README may have. No styles, no forms, no frames, no ids that could shadow the page's own. */
const allowed = {
  ALLOWED_TAGS: [
    'h1',
    'h2',
    'h3',
    'h4',
    'h5',
    'h6',
    'p',
    'br',
    'hr',
    'ul',
    'ol',
    'li',
    'blockquote',
    'pre',
    'code',
    'em',
    'strong',
    's',
    'a',
    'img',
    'table',
    'thead',
    'tbody',
    'tr',
    'th',
    'td',
  ],
  ALLOWED_ATTR: ['href', 'src', 'alt', 'title', 'start'],
};

/** Markdown of a repository, made harmless: no raw HTML, then DOMPurify; relative links lead to the files. */
export function Markdown({
  source,
  at,
  gitRef,
  isMarkdown,
  references = false,
}: {
  source: string;
  at: ProjectRef;
  gitRef: string;
  isMarkdown: boolean;
  /** `#12`, `!3` and commits become links: what people say to each other, not files */
  references?: boolean;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!isMarkdown || !box.current) return;
    const fragment = DOMPurify.sanitize(renderer.render(source), {
      ...allowed,
      RETURN_DOM_FRAGMENT: true,
    });
    shiftHeadings(fragment);
    fixAddresses(fragment, at, gitRef);
    if (references) linkReferences(fragment, at);
    box.current.replaceChildren(fragment);
  }, [source, isMarkdown, references, at.owner, at.project, gitRef]);
  return isMarkdown ? (
    <div ref={box} class="prose" />
  ) : (
    <div class="prose">
      <pre tabIndex={0} role="group" aria-label="Text">
        {source}
      </pre>
    </div>
  );
}

/** The page has its own first heading: a README's begin two levels below. */
function shiftHeadings(fragment: DocumentFragment): void {
  let deepest = 2;
  for (const heading of fragment.querySelectorAll('h1,h2,h3,h4,h5,h6')) {
    const written = Number(heading.tagName.slice(1));
    // no level is left out, whatever the author did
    const level = Math.min(written + 2, deepest + 1, 6);
    deepest = level;
    const shifted = document.createElement(`h${level}`);
    shifted.className = `level-${written}`;
    shifted.append(...heading.childNodes);
    heading.replaceWith(shifted);
  }
  for (const block of fragment.querySelectorAll('pre')) block.tabIndex = 0;
}

const referencePages = {
  issue: '/issues/',
  'merge-request': '/merge-requests/',
  commit: '/commits/',
} as const;

function linkReferences(fragment: DocumentFragment, at: ProjectRef): void {
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
        link.href = projectPath(
          at.owner,
          at.project,
          referencePages[refersTo.kind] + refersTo.value,
        );
        link.textContent = refersTo.kind === 'commit' ? shown.slice(0, 8) : shown;
        return link;
      }),
    );
  }
}

function isRelative(address: string): boolean {
  return !/^([a-z][a-z0-9+.-]*:|\/|#)/i.test(address);
}

function fixAddresses(fragment: DocumentFragment, at: ProjectRef, gitRef: string): void {
  for (const link of fragment.querySelectorAll('a')) {
    const href = link.getAttribute('href') ?? '';
    if (isRelative(href) && href !== '') {
      const path = decodeURI(href.replace(/^\.\//, '').replace(/[#?].*$/, ''));
      link.href = withQuery(
        projectPath(at.owner, at.project, path.endsWith('/') ? '/tree' : '/file'),
        {
          ref: gitRef,
          path: path.replace(/\/$/, ''),
        },
      );
    } else if (/^https?:/i.test(href)) link.rel = 'noopener noreferrer nofollow';
  }
  for (const image of fragment.querySelectorAll('img')) {
    const source = image.getAttribute('src') ?? '';
    if (isRelative(source)) image.src = rawUrl(at, gitRef, decodeURI(source.replace(/^\.\//, '')));
    else if (!source.startsWith('data:image/')) replaceByLink(image, source);
    image.loading = 'lazy';
  }
}

/** Pictures of other hosts are not fetched (they would tell who reads): their text links to them. */
function replaceByLink(image: HTMLImageElement, source: string): void {
  const inLink = image.closest('a') !== null;
  const text = image.alt || 'picture';
  if (inLink || !/^https?:/i.test(source)) {
    image.replaceWith(text);
    return;
  }
  const link = document.createElement('a');
  link.href = source;
  link.rel = 'noopener noreferrer nofollow';
  link.textContent = text;
  image.replaceWith(link);
}
