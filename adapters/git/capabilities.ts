import { mustRunGit } from './git-process.ts';
import type { GitContext } from './repository-context.ts';

/** A git that was upgraded beneath us is asked again after this time. */
const freshMs = 60_000;

interface Kept {
  untilMs: number;
  said: Promise<Buffer | null>;
}

const kept = new WeakMap<GitContext['setting'], Kept>();

/**
 * What a fetch is told first in protocol v2: what git can do, and nothing of the repository. None has a configuration of
 * its own, so one answer is right for all of them, and clients of a clone get it without a process.
 * @param cwd any repository
 * @returns null where git is too old for it
 */
export async function fetchCapabilities(context: GitContext, cwd: string): Promise<Buffer | null> {
  const known = kept.get(context.setting);
  if (known !== undefined && known.untilMs > Date.now()) return known.said;
  const said = askGit(context, cwd);
  kept.set(context.setting, { untilMs: Date.now() + freshMs, said });
  // whoever comes next asks again
  said.catch(() => kept.delete(context.setting));
  return said;
}

/** Without the caller's wish to end it: others wait for the same answer. */
async function askGit({ places, setting }: GitContext, cwd: string): Promise<Buffer | null> {
  const release = await places.work.enter();
  try {
    const args = ['upload-pack', '--stateless-rpc', '--http-backend-info-refs', '.'];
    const said = await mustRunGit(setting, args, { cwd, env: { GIT_PROTOCOL: 'version=2' } });
    return said.includes('version 2\n') ? said : null;
  } finally {
    release();
  }
}
