import type { CollectedFile, WorkspaceMount } from '../executor/executor.ts';
import { pathMatcher } from '../../contracts/shared/glob.ts';
import { launchSandbox, type Sandbox } from './launch.ts';
import type { LaunchContext } from './launch-plan.ts';
import { readAll, readTar } from './tar-reader.ts';

/**
 * Reads matching files through a sandbox of its own that shows nothing but the workspace, read-only: a link that a step
 * planted leads nowhere, whatever this process may read.
 */
export async function* collectFiles(
  context: LaunchContext,
  workspace: WorkspaceMount,
  globs: readonly string[],
): AsyncGenerator<CollectedFile> {
  if (globs.length === 0) return;
  // The clone's own files are nobody's artifact, unless one is asked for by its name.
  const own = globs.some((glob) => /^(?:\.\/)*\.git\//.test(glob)) ? '' : '-path ./.git -prune -o ';
  const listing = await open(context, workspace, `exec find . ${own}-type f -print0\n`);
  const names = (await readAll(listing.output)).toString('utf8').split('\0');
  await listing.ended;
  const matchers = globs.map((glob) => pathMatcher(glob, 'any'));
  const wanted = names
    .filter((name) => name !== '')
    .map((name) => name.replace(/^\.\//, ''))
    .filter((name) => matchers.some((matches) => matches(name)));
  if (wanted.length === 0) return;
  // `-T -` reads names as they are: --verbatim-files-from keeps one that begins with a dash from being an option.
  const pack =
    'exec tar --format=pax --hard-dereference --no-recursion --null --verbatim-files-from -T - -cf -\n';
  const archive = await open(context, workspace, pack, 'pipe');
  archive.stdin?.on('error', () => undefined).end(wanted.map((name) => `./${name}\0`).join(''));
  try {
    yield* readTar(archive.output);
  } finally {
    archive.kill();
    archive.output.destroy();
  }
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
