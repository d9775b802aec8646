import { createHash } from 'node:crypto';
import { extname } from 'node:path/posix';

interface NamedFile {
  pipelineId: string;
  stepName: string;
  /** as declared in the definition */
  name: string;
  /** inside the workspace, already masked */
  path: string;
}

/** Made of what names the file, so that a repeated activity leaves no orphan; never of the path as it is. */
export function artifactKey({ pipelineId, stepName, name, path }: NamedFile): string {
  const digest = createHash('sha256').update([stepName, name, path].join('\0')).digest('hex');
  return `artifacts/${pipelineId}/${digest.slice(0, 32)}`;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.gif': 'image/gif',
  '.gz': 'application/gzip',
  '.htm': 'text/html; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.jar': 'application/java-archive',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.log': 'text/plain; charset=utf-8',
  '.map': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.tar': 'application/x-tar',
  '.tgz': 'application/gzip',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.xml': 'application/xml',
  '.yaml': 'application/yaml',
  '.yml': 'application/yaml',
  '.zip': 'application/zip',
};

/** By the name's ending; the content is never looked at, and never shown inside our own pages. */
export function contentTypeOf(path: string): string {
  return contentTypes[extname(path).toLowerCase()] ?? 'application/octet-stream';
}
