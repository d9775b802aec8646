import GithubSlugger from 'github-slugger';
import { rawUrl } from '../../api/repository.ts';
import type { ProjectRef } from '../../api/resources.ts';
import { projectPath, withQuery } from '../../app/location.ts';
import { decodePart, readAddress, readSrcset } from './address.ts';
import { idPrefix } from './sanitize.ts';

/** Where a Markdown text stands. */
export interface Place {
  at: ProjectRef;
  gitRef: string;
  /** folder of the file; null for what is no file */
  folder: string | null;
}

/** The page has its own first heading: those of a document begin two levels below. */
export function shiftHeadings(fragment: DocumentFragment): void {
  let deepest = 2;
  for (const heading of fragment.querySelectorAll('h1,h2,h3,h4,h5,h6')) {
    const written = Number(heading.tagName.slice(1));
    // no level is left out, whatever the author did
    const level = Math.min(written + 2, deepest + 1, 6);
    deepest = level;
    const shifted = document.createElement(`h${level}`);
    shifted.className = `level-${written}`;
    for (const name of ['id', 'align', 'dir']) {
      const value = heading.getAttribute(name);
      if (value !== null) shifted.setAttribute(name, value);
    }
    shifted.append(...heading.childNodes);
    heading.replaceWith(shifted);
  }
}

/** The text that an anchor is made of: of an emoji its name. */
function anchorText(heading: Element): string {
  const copy = heading.cloneNode(true) as Element;
  for (const emoji of copy.querySelectorAll('span[title^=":"]')) {
    emoji.replaceWith(emoji.getAttribute('title')?.replaceAll(':', '') ?? '');
  }
  return copy.textContent;
}

/** Anchors of headings with GitHub's slugs, numbered where two are the same, and a link to each. */
export function anchorHeadings(fragment: DocumentFragment): void {
  const slugger = new GithubSlugger();
  for (const heading of fragment.querySelectorAll('h3,h4,h5,h6')) {
    const title = heading.textContent.trim();
    const slug = slugger.slug(anchorText(heading).trim());
    if (slug === '') continue;
    heading.id ||= idPrefix + slug;
    const link = document.createElement('a');
    link.className = 'heading-link';
    link.href = `#${heading.id.slice(idPrefix.length)}`;
    link.setAttribute('aria-label', `Link to “${title}”`);
    // beside the heading, whose name it is not
    const box = document.createElement('div');
    box.className = 'heading-box';
    heading.replaceWith(box);
    box.append(heading, link);
  }
}

/** The element of a text that an anchor means. */
export function findAnchor(box: ParentNode, id: string): HTMLElement | null {
  const name = CSS.escape(idPrefix + id);
  return box.querySelector<HTMLElement>(`[id="${name}"], a[name="${name}"]`);
}

/** What cannot be followed is text that says why, not a link to somewhere else. */
function unlink(link: HTMLAnchorElement, why: string): void {
  link.removeAttribute('href');
  link.title = why;
}

/** Relative links lead to files and folders of the repository. */
export function fixLinks(fragment: DocumentFragment, place: Place): void {
  const { owner, project } = place.at;
  for (const link of fragment.querySelectorAll<HTMLAnchorElement>('a[href]')) {
    const address = readAddress(link.getAttribute('href') ?? '', place.folder);
    if (address.kind === 'outside') link.rel = 'noopener noreferrer nofollow';
    else if (address.kind === 'page') link.href = projectPath(owner, project, address.page);
    else if (address.kind === 'nowhere') unlink(link, address.why);
    else if (address.kind === 'path') {
      const page = projectPath(owner, project, address.isFolder ? '/tree' : '/file');
      link.href = withQuery(page, { ref: place.gitRef, path: address.path }) + address.fragment;
    } else if (address.kind === 'anchor' && place.folder === null) {
      // several texts stand on a page: each has its own anchors
      const target = findAnchor(fragment, address.id);
      if (target) link.href = `#${target.id}`;
    }
  }
}

/** Address of the bytes of a picture of the repository, or of one that the text itself holds; null for any other. */
function pictureUrl(source: string, place: Place): string | null {
  if (/^data:image\//i.test(source)) return source;
  const address = readAddress(source, place.folder);
  if (address.kind !== 'path' || address.isFolder) return null;
  return rawUrl(place.at, place.gitRef, address.path);
}

/** Pictures come out of the repository. */
export function fixPictures(fragment: DocumentFragment, place: Place): void {
  for (const source of fragment.querySelectorAll('source')) {
    const candidates = readSrcset(source.getAttribute('srcset') ?? '').flatMap(
      ({ address, descriptor }) => {
        const url = pictureUrl(address, place);
        return url === null ? [] : [`${url} ${descriptor}`.trim()];
      },
    );
    if (candidates.length === 0 || source.parentElement?.tagName !== 'PICTURE') source.remove();
    else source.setAttribute('srcset', candidates.join(', '));
    source.removeAttribute('src');
  }
  for (const image of fragment.querySelectorAll('img')) {
    const source = image.getAttribute('src') ?? '';
    const url = pictureUrl(source, place);
    image.removeAttribute('srcset');
    if (url === null) replaceByLink(image, source);
    else image.src = url;
    // better than the address that a screen reader would spell
    if (!image.hasAttribute('alt')) image.alt = decodePart(source.replace(/^.*\/|[?#].*$/g, ''));
    image.loading = 'lazy';
  }
}

/** Pictures of other hosts are not fetched (they would tell who reads): their text links to them. */
function replaceByLink(image: HTMLImageElement, source: string): void {
  // a picture of which only this is left would show what stands in its other sources
  const shown = image.closest('picture') ?? image;
  const text = image.alt || 'picture';
  if (shown.closest('a') !== null || !/^(https?:)?\/\//i.test(source)) {
    shown.replaceWith(text);
    return;
  }
  const link = document.createElement('a');
  link.href = source;
  link.rel = 'noopener noreferrer nofollow';
  link.textContent = text;
  shown.replaceWith(link);
}

/** What is wider than the page scrolls by itself, by keyboard too. */
export function boxWideThings(fragment: DocumentFragment): void {
  for (const block of fragment.querySelectorAll('pre')) block.tabIndex = 0;
  for (const table of fragment.querySelectorAll('table')) {
    if (table.parentElement?.closest('table')) continue;
    const box = document.createElement('div');
    box.className = 'table-box';
    box.tabIndex = 0;
    box.setAttribute('role', 'group');
    box.setAttribute('aria-label', 'Table');
    table.replaceWith(box);
    box.append(table);
  }
  for (const tick of fragment.querySelectorAll('input')) {
    if (!tick.closest('label')) tick.setAttribute('aria-label', 'Task');
  }
}
