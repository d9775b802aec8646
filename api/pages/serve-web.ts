import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import { preferredEncoding } from '../accepted-encoding.ts';
import type { AppEnv } from '../env.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
};

/** First words of addresses that belong to tools: an unknown one is a problem, never the web app. */
const ofTools = [
  'api',
  'v1',
  'schemas',
  'metrics',
  'livez',
  'readyz',
  'health',
  'healthz',
  'assets',
];
/** First words of the web app's own addresses, as `web/src/app.tsx` routes them. */
const ownPages: Readonly<Record<string, number>> = {
  '': 1,
  'sign-in': 1,
  projects: 6,
  pipelines: 2,
  gates: 1,
  notifications: 1,
  changes: 2,
  deployments: 3,
  settings: 2,
  admin: 2,
};
const longestShortAddress = 4;

/**
 * What an address is to the web app: a page of its own words, the short address of a project (`owner/project` and what
 * lies below it, which any two words might be), or nothing.
 */
export function pageKind(address: string): 'own' | 'short' | 'none' {
  const words = address.replace(/^\/|\/$/g, '').split('/');
  const [first = ''] = words;
  if (isOfTools(first)) return 'none';
  const longest = Object.hasOwn(ownPages, first) ? (ownPages[first] ?? 0) : 0;
  if (words.length <= longest) return 'own';
  return words.length >= 2 && words.length <= longestShortAddress ? 'short' : 'none';
}

const isOfTools = (firstWord: string) => ofTools.includes(firstWord) || firstWord.startsWith('.');

const encodings = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;

interface Found {
  path: string;
  size: number;
  modifiedMs: number;
  encoding: string | null;
}

async function fileAt(path: string, encoding: string | null): Promise<Found | null> {
  const found = await stat(path).catch(() => null);
  if (found?.isFile() !== true) return null;
  return { path, size: found.size, modifiedMs: Math.trunc(found.mtimeMs), encoding };
}

/** The file, or the precompressed twin that the build made of it, when the client takes it. */
async function find(path: string, accepts: string | undefined): Promise<Found | null> {
  const file = await fileAt(path, null);
  if (file === null) return null;
  const taken = encodings.filter(({ name }) => preferredEncoding(accepts, [name]) !== null);
  for (const { name, suffix } of taken) {
    const packed = await fileAt(path + suffix, name);
    if (packed !== null) return packed;
  }
  return file;
}

/** The bytes of another encoding are another file, with another tag. */
function etagOfFile({ modifiedMs, size, encoding }: Found): string {
  const parts = [
    modifiedMs.toString(36),
    size.toString(36),
    ...(encoding === null ? [] : [encoding]),
  ];
  return `"${parts.join('-')}"`;
}

/** Path of the file under the root, or null when the address points elsewhere. */
function filePath(root: string, address: string): string | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(address);
  } catch {
    return null;
  }
  if (decoded.includes('\0')) return null;
  const path = normalize(join(root, decoded));
  return path.startsWith(root + sep) ? path : null;
}

function send(
  c: Context<AppEnv>,
  file: Found,
  path: string,
  immutable: boolean,
  status: 200 | 404 = 200,
): Response {
  const headers: Record<string, string> = {
    'content-type': types[extname(path)] ?? 'application/octet-stream',
    'content-length': String(file.size),
    'cache-control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    vary: 'accept-encoding',
    etag: etagOfFile(file),
  };
  const known = (c.req.header('if-none-match') ?? '').split(',').map((tag) => tag.trim());
  if (status === 200 && known.includes(etagOfFile(file))) {
    delete headers['content-length'];
    return c.body(null, 304, headers);
  }
  if (file.encoding !== null) headers['content-encoding'] = file.encoding;
  if (c.req.method === 'HEAD') return c.body(null, status, headers);
  return c.body(Readable.toWeb(createReadStream(file.path)) as ReadableStream, status, headers);
}

/**
 * Status of the app's page at an address for this client; null where it gets a problem. A browser that goes to an
 * address that is none gets the app with 404, which says so; tools, and whoever asks for a file, get no page of it.
 */
export function pageStatus(address: string, accept: string): 200 | 404 | null {
  const kind = pageKind(address);
  const isBrowser = accept.includes('text/html');
  if (kind === 'own') return isBrowser || accept === '' || accept.includes('*/*') ? 200 : null;
  if (!isBrowser) return null;
  if (kind === 'short') return 200;
  const [first = ''] = address.slice(1).split('/');
  return isOfTools(first) || extname(address) !== '' ? null : 404;
}

/** The built web app: files as they are, `index.html` for every address that is a page of it. */
export async function serveWeb(c: Context<AppEnv>): Promise<Response> {
  const root = c.get('services').webRoot;
  if (root === undefined) return c.notFound();
  const accepts = c.req.header('accept-encoding');
  const path = filePath(root, c.req.path);
  const file = path === null ? null : await find(path, accepts);
  // The build puts hashed files under assets/, and nothing else.
  if (path !== null && file) return send(c, file, path, c.req.path.startsWith('/assets/'));
  const status = pageStatus(c.req.path, c.req.header('accept') ?? '');
  const index = join(root, 'index.html');
  const page = status === null ? null : await find(index, accepts);
  if (status === null || page === null) return c.notFound();
  const answer = send(c, page, index, false, status);
  answer.headers.append('vary', 'accept');
  return answer;
}
