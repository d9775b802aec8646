import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

const commands = [
  'sh',
  'sleep',
  'httpd',
  'echo',
  'cat',
  'true',
  'false',
  'wget',
  'ls',
  'mkdir',
  'touch',
  'test',
  'rm',
  'printf',
];

/** What an image holds besides busybox. */
export interface ImageContent {
  /** text by path in the image, without a slash in front */
  files?: Readonly<Record<string, string>>;
  /** programs of this machine, put into /bin with the libraries they load */
  programs?: readonly string[];
}

/**
 * Writes an image of busybox and `content` as an archive that `ctr images import` takes: pods sleep, serve files
 * (`httpd`), run scripts or fail with it. Nothing is pulled from anywhere.
 */
export function writeImage(
  folder: string,
  busybox: string,
  name: string,
  { files = {}, programs = [] }: ImageContent = {},
): string {
  const root = mkdtempSync(join(folder, 'image-root-'));
  for (const part of ['bin', 'tmp', 'etc', 'www']) mkdirSync(join(root, part), { recursive: true });
  copyFileSync(busybox, join(root, 'bin/busybox'));
  for (const command of commands) symlinkSync('busybox', join(root, 'bin', command));
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n',
  );
  for (const program of programs) {
    copyFileSync(program, join(root, 'bin', basename(program)));
    for (const library of librariesOf(program)) put(root, library, readFileSync(library));
  }
  for (const [path, text] of Object.entries(files)) put(root, path, text);
  const archive = pack(folder, root, name);
  rmSync(root, { recursive: true });
  return archive;
}

function put(root: string, path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content, { mode: 0o755 });
}

function librariesOf(program: string): string[] {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...text.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '');
}

/** The archive format of `docker save`. */
function pack(folder: string, root: string, name: string): string {
  const parts = mkdtempSync(join(folder, 'image-'));
  execFileSync('tar', ['-cf', join(parts, 'layer.tar'), '-C', root, '.']);
  const layer = createHash('sha256')
    .update(readFileSync(join(parts, 'layer.tar')))
    .digest('hex');
  const config = {
    Env: ['PATH=/bin'],
    Entrypoint: ['/bin/sleep'],
    Cmd: ['2147483647'],
    WorkingDir: '/',
  };
  writeFileSync(
    join(parts, 'config.json'),
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
      history: [{ created_by: 'tests of Slipway' }],
    }),
  );
  writeFileSync(
    join(parts, 'manifest.json'),
    JSON.stringify([{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]),
  );
  const archive = `${parts}.tar`;
  execFileSync('tar', ['-cf', archive, '-C', parts, 'manifest.json', 'config.json', 'layer.tar']);
  rmSync(parts, { recursive: true });
  return archive;
}
