import type { Readable } from 'node:stream';
import { DomainError } from '../../contracts/problems.ts';
import {
  defaultCollectLimits,
  type CollectedFile,
  type CollectLimits,
  type WorkspaceMount,
} from '../executor/executor.ts';
import { pathMatcher } from '../../contracts/shared/glob.ts';
import { launchSandbox, type Sandbox } from './launch.ts';
import type { LaunchContext } from './launch-plan.ts';
import { readTar } from './tar-reader.ts';

/**
 * Reads matching files through a sandbox of its own that shows nothing but the workspace, read-only: a link that a step
 * planted leads nowhere, whatever this process may read.
 */
export async function* collectFiles(
  context: LaunchContext,
  workspace: WorkspaceMount,
  globs: readonly string[],
  limits = defaultCollectLimits,
): AsyncGenerator<CollectedFile> {
  if (globs.length === 0) return;
  const wanted = await listWanted(context, workspace, globs, limits.files);
  if (wanted.length === 0) return;
  // `-T -` reads names as they are: --verbatim-files-from keeps one that begins with a dash from being an option.
  const pack =
    'exec tar --format=pax --hard-dereference --no-recursion --null --verbatim-files-from -T - -cf -\n';
  const archive = await open(context, workspace, pack, 'pipe');
  archive.stdin?.on('error', () => undefined).end(wanted.map((name) => `./${name}\0`).join(''));
  try {
    yield* within(limits, readTar(archive.output));
  } finally {
    archive.kill();
    archive.output.destroy();
  }
}

/** The names are looked at as they come, and only those that match are kept: a step can make millions of them. */
async function listWanted(
  context: LaunchContext,
  workspace: WorkspaceMount,
  globs: readonly string[],
  most: number,
): Promise<string[]> {
  const matchers = globs.map((glob) => pathMatcher(glob, 'any'));
  // The clone's own files are nobody's artifact, unless one is asked for by its name.
  const own = globs.some((glob) => /^(?:\.\/)*\.git\//.test(glob)) ? '' : '-path ./.git -prune -o ';
  const listing = await open(context, workspace, `exec find . ${own}-type f -print0\n`);
  const wanted: string[] = [];
  try {
    for await (const listed of namesIn(listing.output)) {
      const name = listed.replace(/^\.\//, '');
      if (!matchers.some((matches) => matches(name))) continue;
      if (wanted.push(name) > most) throw tooMuch(`more than ${String(most)} files match`);
    }
    await listing.ended;
    return wanted;
  } finally {
    listing.kill();
    listing.output.destroy();
  }
}

/** Texts that end with a NUL each. */
async function* namesIn(output: Readable): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of output as AsyncIterable<Buffer>) {
    let read = Buffer.concat([rest, chunk]);
    for (let end = read.indexOf(0); end !== -1; end = read.indexOf(0)) {
      yield read.toString('utf8', 0, end);
      read = read.subarray(end + 1);
    }
    rest = read;
  }
}

async function* within(
  { bytes }: CollectLimits,
  files: AsyncGenerator<CollectedFile>,
): AsyncGenerator<CollectedFile> {
  let held = 0;
  for await (const file of files) {
    held += file.size;
    if (held > bytes) {
      const most = String(Math.floor(bytes / 1024 ** 2));
      throw tooMuch(`its files hold more than ${most} MiB together`);
    }
    yield file;
  }
}

function tooMuch(what: string): DomainError {
  return new DomainError('unprocessable', what);
}

function open(
  context: LaunchContext,
  workspace: WorkspaceMount,
  script: string,
  stdin: 'ignore' | 'pipe' = 'ignore',
): Promise<Sandbox> {
  return launchSandbox(context, {
    workspace,
    readOnly: true,
    script,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
    network: null,
    workingDir: '.',
    fileSizeBytes: 1024 ** 2,
    stdin,
  });
}
