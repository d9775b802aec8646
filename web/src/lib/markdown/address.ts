/** Where an address in a Markdown text leads. */
export type Address =
  /** another site, or something that is no page */
  | { kind: 'outside'; href: string }
  /** a place of the same text */
  | { kind: 'anchor'; id: string }
  /** something in the repository; `fragment` with its `#`, or empty */
  | { kind: 'path'; path: string; isFolder: boolean; fragment: string }
  /** a page of the project, beneath its own address */
  | { kind: 'page'; page: string }
  /** another page of this site */
  | { kind: 'site'; href: string }
  | { kind: 'nowhere'; why: string };

/** The text as it is when it is no valid percent encoding: a link that cannot be read is a link to nothing, no error. */
export function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** What documents written for GitHub reach two folders above the root: pages of the project. */
const pages: Readonly<Record<string, string>> = {
  '': '',
  issues: '/issues',
  pulls: '/merge-requests',
  branches: '/branches',
  tags: '/branches',
};

/** A path in the repository from a folder of it; null with the number of levels when it leaves the root. */
function walk(folder: string, path: string): { parts: string[]; above: number } {
  const parts = folder === '' ? [] : folder.split('/');
  let above = 0;
  for (const part of path.split('/').flatMap((one) => decodePart(one).split('/'))) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) above += 1;
  }
  return { parts, above };
}

/**
 * Reads an address as GitHub does.
 * @param folder of the file that it is written in; null for a text that is no file: an address from the root (`/x`)
 *   is then one of this site
 */
export function readAddress(text: string, folder: string | null): Address {
  const address = text.trim();
  if (address === '') return { kind: 'nowhere', why: 'It has no address' };
  if (address.startsWith('#')) return { kind: 'anchor', id: decodePart(address.slice(1)) };
  if (/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(address)) return { kind: 'outside', href: address };
  if (folder === null && address.startsWith('/')) return { kind: 'site', href: address };
  const [whole = '', path = '', fragment = ''] =
    /^([^?#]*)(?:\?[^#]*)?(#.*)?$/s.exec(address)?.slice(0, 3) ?? [];
  if (whole === '' || path === '') return { kind: 'nowhere', why: 'It has no path' };
  const { parts, above } = walk(path.startsWith('/') ? '' : (folder ?? ''), path);
  if (above === 2) {
    const page = pages[parts.join('/')];
    if (page !== undefined) return { kind: 'page', page };
  }
  if (above > 0) return { kind: 'nowhere', why: 'It leads out of the repository' };
  const isFolder = parts.length === 0 || /(^|\/)\.{0,2}$/.test(path);
  return { kind: 'path', path: parts.join('/'), isFolder, fragment };
}

/** The candidates of a `srcset`: address and what it is for. */
export function readSrcset(text: string): { address: string; descriptor: string }[] {
  return text
    .split(/,\s+|,$/)
    .map((candidate) => candidate.trim().split(/\s+/))
    .filter(([address]) => address !== undefined && address !== '')
    .map(([address = '', ...rest]) => ({ address, descriptor: rest.join(' ') }));
}
