import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ImageRef } from '../../contracts/deploy/image-ref.ts';
import type { ImageSource } from '../../contracts/deploy/image-source.ts';
import { DomainError } from '../../contracts/problems.ts';

/**
 * A tiny application, told by its environment what to be: `VERSION` is what it answers, `MODE` is one of crash (ends at
 * once), unready (its probe fails), hog (takes memory without end). `/slow` answers after a while, `/exit` ends it, `/env`
 * tells its environment.
 */
const server = `
const { createServer } = require('node:http');
const { MODE, VERSION = '', PORT } = process.env;
console.log('starts ' + VERSION + ' ' + (process.env.TOKEN ?? ''));
if (MODE === 'crash') process.exit(3);
if (MODE === 'hog') { const kept = []; for (;;) kept.push(Buffer.alloc(8e6, 1)); }
const app = createServer((request, response) => {
  if (request.url === '/ready') response.statusCode = MODE === 'unready' ? 500 : 200;
  if (request.url === '/exit') setImmediate(() => process.exit(4));
  if (request.url === '/env') return response.end(JSON.stringify(process.env));
  if (request.url.startsWith('/file')) {
    return response.end(require('node:fs').readFileSync(request.url.slice(5), 'utf8'));
  }
  if (request.url.startsWith('/beside')) {
    const { BESIDE_SERVICE_HOST: host, BESIDE_SERVICE_PORT: port } = process.env;
    fetch('http://' + host + ':' + port + '/').then((answer) => answer.text()).then(
      (text) => response.end(text), (error) => response.writeHead(500).end(String(error.cause)));
    return;
  }
  setTimeout(() => response.end(VERSION), request.url === '/slow' ? 1500 : 0);
});
app.listen(Number(PORT));
process.on('SIGTERM', () => app.close(() => process.exit(0)));
`;

const job = `
console.log('job ' + process.env.VERSION);
if (process.env.MODE === 'wait') setInterval(() => undefined, 60_000);
else process.exit(process.env.MODE === 'crash' ? 5 : 0);
`;

export interface PackedApp {
  /** `artifact:app@sha256:…` */
  image: string;
  bytes: Buffer;
}

/** Files of the tiny application. */
export const appFiles: Readonly<Record<string, string>> = { 'server.js': server, 'job.js': job };

/** Packs files, the tiny application by default, as a pipeline's archive. */
export function packApp(files: Readonly<Record<string, string>> = appFiles): PackedApp {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-app-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const bytes = execFileSync('tar', ['-C', folder, '--sort=name', '--mtime=@0', '-czf', '-', '.']);
  rmSync(folder, { recursive: true, force: true });
  return packed(bytes);
}

export function packed(bytes: Buffer): PackedApp {
  const digest = createHash('sha256').update(bytes).digest('hex');
  return { image: `artifact:app@sha256:${digest}`, bytes };
}

/** Artifacts in memory, those of `projectId` or, without it, of every project. `opened` counts how often each was fetched. */
export function memoryImages(): ImageSource & {
  add(app: PackedApp, projectId?: string): string;
  opened: string[];
} {
  const all = new Map<string, { bytes: Buffer; projectId: string | undefined }>();
  const opened: string[] = [];
  const find = ({ text }: ImageRef, projectId: string) => {
    const found = all.get(text);
    const isOwn = found?.projectId === undefined || found.projectId === projectId;
    return isOwn ? found : undefined;
  };
  return {
    opened,
    add: ({ image, bytes }, projectId) => {
      all.set(image, { bytes, projectId });
      return image;
    },
    isOf: (image, projectId) => Promise.resolve(find(image, projectId) !== undefined),
    open: (image, projectId) => {
      opened.push(image.text);
      const found = find(image, projectId);
      if (found === undefined)
        return Promise.reject(new DomainError('not_found', `There is no ${image.text}.`));
      return Promise.resolve(Readable.from([found.bytes]));
    },
  };
}
