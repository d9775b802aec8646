import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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

/**
 * Writes an image of one program, busybox, as an archive that `ctr images import` takes: pods sleep, serve files
 * (`httpd`), run scripts or fail with it. Nothing is pulled from anywhere.
 */
export function writeBusyboxImage(folder: string, busybox: string, name: string): string {
  const root = join(folder, 'image-root');
  for (const part of ['bin', 'tmp', 'etc', 'www']) mkdirSync(join(root, part), { recursive: true });
  copyFileSync(busybox, join(root, 'bin/busybox'));
  for (const command of commands) symlinkSync('busybox', join(root, 'bin', command));
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n',
  );
  const parts = join(folder, 'image');
  mkdirSync(parts);
  execFileSync('tar', ['-cf', join(parts, 'layer.tar'), '-C', root, '.']);
  const layer = createHash('sha256')
    .update(readFileSync(join(parts, 'layer.tar')))
    .digest('hex');
  writeFileSync(
    join(parts, 'config.json'),
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: {
        Env: ['PATH=/bin'],
        Entrypoint: ['/bin/sleep'],
        Cmd: ['2147483647'],
        WorkingDir: '/',
      },
      rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
      history: [{ created_by: 'tests of Slipway' }],
    }),
  );
  writeFileSync(
    join(parts, 'manifest.json'),
    JSON.stringify([{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]),
  );
  const archive = join(folder, 'image.tar');
  execFileSync('tar', ['-cf', archive, '-C', parts, 'manifest.json', 'config.json', 'layer.tar']);
  rmSync(root, { recursive: true });
  rmSync(parts, { recursive: true });
  return archive;
}
