import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { Readable } from 'node:stream';
import type { Context } from 'hono';
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

/** Addresses that belong to tools: an unknown one is a problem, never the web app. */
const notPages = /^\/(api|v1|openapi\.json|schemas|metrics|livez|readyz|health)(\/|$)/;

const encodings = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;

interface Found {
  path: string;
  size: number;
  encoding: string | null;
}

async function fileSize(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() === true ? found.size : null;
}

/** The file, or its precompressed twin when the client takes it. */
async function find(path: string, accepts: string): Promise<Found | null> {
  const size = await fileSize(path);
  if (size === null) return null;
  for (const { name, suffix } of encodings) {
    if (!accepts.includes(name)) continue;
    const packed = await fileSize(path + suffix);
    if (packed !== null) return { path: path + suffix, size: packed, encoding: name };
  }
  return { path, size, encoding: null };
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

function send(c: Context<AppEnv>, file: Found, path: string, immutable: boolean): Response {
  const headers: Record<string, string> = {
    'content-type': types[extname(path)] ?? 'application/octet-stream',
    'content-length': String(file.size),
    'cache-control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    vary: 'accept-encoding',
  };
  if (file.encoding !== null) headers['content-encoding'] = file.encoding;
  if (c.req.method === 'HEAD') return c.body(null, 200, headers);
  return c.body(Readable.toWeb(createReadStream(file.path)) as ReadableStream, 200, headers);
}

/** The built web app: files as they are, `index.html` for every address that is a page of it. */
export async function serveWeb(c: Context<AppEnv>): Promise<Response> {
  const root = c.get('services').webRoot;
  if (root === undefined || notPages.test(c.req.path)) return c.notFound();
  const accepts = c.req.header('accept-encoding') ?? '';
  const path = filePath(root, c.req.path);
  const file = path === null ? null : await find(path, accepts);
  // The build puts hashed files under assets/, and nothing else.
  if (path !== null && file) return send(c, file, path, c.req.path.startsWith('/assets/'));
  if (extname(c.req.path) !== '' && c.req.path.startsWith('/assets/')) return c.notFound();
  const index = join(root, 'index.html');
  const page = await find(index, accepts);
  return page ? send(c, page, index, false) : c.notFound();
}
