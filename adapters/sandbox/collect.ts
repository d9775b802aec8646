import type { Readable } from 'node:stream';
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { pathMatcher, type Effort } from '../../contracts/shared/glob.ts';
import { DomainError } from '../../contracts/problems.ts';
import {
  defaultCollectLimits,
  type CollectedFile,
  type CollectLimits,
  type WorkspaceMount,
} from '../executor/executor.ts';
import { followLinks, type Listed, type Told } from './follow-links.ts';
import { launchSandbox, type Sandbox } from './launch.ts';
import type { LaunchContext } from './launch-plan.ts';
import { readTar } from './tar-entries.ts';

/** Asks a sandbox that shows the workspace alone: its answers end with a NUL each. */
type Ask = (script: string, names?: readonly string[]) => AsyncGenerator<string>;

/** Of a workspace in which links are followed: all of its names are held at once. */
const mostListed = 200_000;

/**
 * Comparisons of patterns with names: of one name at most, of all of them, and after how many others of this process have
 * their turn. Ordinary patterns take some ten for a name.
 */
const comparisons = { ofOne: 2_000_000, ofAll: 200_000_000, ofTurn: 1_000_000 };

/**
 * Reads matching files through sandboxes of their own that show nothing of ours but the workspace, read-only. Links are
 * followed within it; what leads elsewhere is refused, whatever this process may read.
 */
export async function* collectFiles(
  context: LaunchContext,
  workspace: WorkspaceMount,
  globs: readonly string[],
  { limits = defaultCollectLimits, told = () => undefined }: CollectOptions = {},
): AsyncGenerator<CollectedFile> {
  if (globs.length === 0) return;
  const ask: Ask = async function* (script, names = []) {
    const sandbox = await open(context, workspace, script, names);
    try {
      yield* namesIn(sandbox.output);
      await sandbox.ended;
    } finally {
      sandbox.kill();
      sandbox.output.destroy();
    }
  };
  const wanted = await listWanted(ask, globs, limits.files, told);
  if (wanted.length === 0) return;
  // `-T -` reads names as they are: --verbatim-files-from keeps one that begins with a dash from being an option.
  const pack =
    'exec tar --format=pax --dereference --hard-dereference --no-recursion --null --verbatim-files-from -T - -cf -\n';
  const archive = await open(context, workspace, pack, wanted);
  try {
    yield* within(limits, readTar(archive.output));
  } finally {
    archive.kill();
    archive.output.destroy();
  }
}

export interface CollectOptions {
  limits?: CollectLimits | undefined;
  /** hears a sentence of each link */
  told?: Told | undefined;
}

/** The names are looked at as they come, and only those that match are kept: a step can make millions of them. */
async function listWanted(
  ask: Ask,
  globs: readonly string[],
  most: number,
  told: Told,
): Promise<string[]> {
  const isWanted = comparedWith(globs);
  // The clone's own files are nobody's artifact, unless one is asked for by its name.
  const hasOwn = globs.some((glob) => /^(?:\.?\/)*\.git\//.test(glob));
  const own = hasOwn ? '' : '-path ./.git -prune -o ';
  // A capital letter for a file; for a link the small one of what it leads to.
  const kinds = `-type f -printf 'F%p\\0' -o -type l -printf '%Y%p\\0'`;
  const find = `exec find . ${own}${kinds}\n`;
  const wanted = new Set<string>();
  const keep = (name: string): void => {
    if (wanted.add(name).size > most) throw tooMuch(`more than ${String(most)} files match`);
  };
  const links: Listed[] = [];
  for await (const line of ask(find)) {
    const one = listed(line);
    if (!(await isWanted(one.name))) continue;
    if (one.kind === 'F') keep(one.name);
    else if (links.push(one) > most) throw tooMuch(`more than ${String(most)} links match`);
  }
  if (links.length > 0) for (const name of await followed(ask, find, links, told)) keep(name);
  // Backwards: what is stored last is listed first.
  return [...wanted].sort((a, b) => (a < b ? 1 : -1)).map((name) => `./${name}`);
}

/** Tells of a name whether a pattern matches it; both are strangers', so what it takes is counted. */
function comparedWith(globs: readonly string[]): (name: string) => boolean | Promise<boolean> {
  const matchers = globs.map((glob) => pathMatcher(glob, 'any'));
  let ofAll = comparisons.ofAll;
  let ofTurn = comparisons.ofTurn;
  return (name) => {
    const effort: Effort = { left: comparisons.ofOne };
    const isMatch = matchers.some((matches) => matches(name, effort));
    const taken = comparisons.ofOne - effort.left;
    ofAll -= taken;
    ofTurn -= taken;
    if (effort.left < 0 || ofAll < 0) {
      throw tooMuch('its pattern takes too long to be compared with the names of the workspace');
    }
    if (ofTurn > 0) return isMatch;
    ofTurn = comparisons.ofTurn;
    return turnOfOthers(isMatch);
  };
}

function listed(line: string): Listed {
  return { kind: line.slice(0, 1), name: line.slice('F./'.length) };
}

async function followed(
  ask: Ask,
  find: string,
  links: readonly Listed[],
  told: Told,
): Promise<string[]> {
  const all: Listed[] = [];
  for await (const line of ask(find)) {
    if (all.push(listed(line)) <= mostListed) continue;
    told(`links are not followed: the workspace holds more than ${String(mostListed)} files`);
    return [];
  }
  return followLinks(all, links, await targetsOf(ask, all), told);
}

/** Where each link that leads to a file or a folder does lead; absolute, as the step saw it. */
async function targetsOf(ask: Ask, all: readonly Listed[]): Promise<Map<string, string>> {
  const names = all.filter(({ kind }) => kind === 'f' || kind === 'd').map(({ name }) => name);
  const targets = new Map<string, string>();
  if (names.length === 0) return targets;
  const given = names.map((name) => `./${name}`);
  let index = 0;
  for await (const real of ask('exec xargs -0 -r realpath -z --\n', given)) {
    targets.set(names[index] ?? '', real);
    index += 1;
  }
  return targets;
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

/** A sandbox that is given names on its input. */
async function open(
  context: LaunchContext,
  workspace: WorkspaceMount,
  script: string,
  names: readonly string[],
): Promise<Sandbox> {
  const sandbox = await launchSandbox(context, {
    workspace,
    readOnly: true,
    script,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
    network: null,
    workingDir: '.',
    fileSizeBytes: 1024 ** 2,
    stdin: names.length === 0 ? 'ignore' : 'pipe',
  });
  sandbox.stdin?.on('error', () => undefined).end(names.map((name) => `${name}\0`).join(''));
  return sandbox;
}
