import type { Readable, Writable } from 'node:stream';
import type { AcceptedPush, PushProposal } from '../../contracts/git/store.ts';
import type { RefUpdate } from '../../contracts/event/types.ts';
import { runGit, type GitChild, type GitSetting, type RunResult } from './git-process.ts';
import { answerHook, hookLimits, readHookMessages, type HookMessage } from './hook-channel.ts';

const tooMany = `A push may move at most ${String(hookLimits.refs)} refs; push them in parts.`;
const unchecked = 'Slipway could not check this push, so it is refused.';

/** Runs git on the repository plus what the push brought, which lies in quarantine until the push is accepted. */
function quarantinedGit(
  setting: GitSetting,
  cwd: string,
  message: HookMessage,
): (args: string[], maxBytes?: number) => Promise<RunResult> {
  const env: Record<string, string> = {};
  if (message.quarantinePath !== '') {
    env['GIT_QUARANTINE_PATH'] = message.quarantinePath;
    env['GIT_OBJECT_DIRECTORY'] = message.objectDirectory;
    env['GIT_ALTERNATE_OBJECT_DIRECTORIES'] = message.alternateObjectDirectories;
  }
  return (args, maxBytes) =>
    runGit(setting, ['--git-dir=.', ...args], { cwd, env, ...(maxBytes ? { maxBytes } : {}) });
}

function quarantineReader(
  setting: GitSetting,
  cwd: string,
  message: HookMessage,
): Pick<PushProposal, 'isAncestor' | 'readBlob'> {
  const git = quarantinedGit(setting, cwd, message);
  return {
    async isAncestor(ancestor, descendant) {
      const { code, stderr } = await git(['merge-base', '--is-ancestor', ancestor, descendant]);
      if (code !== 0 && code !== 1) throw new Error(`git merge-base failed: ${stderr}`);
      return code === 0;
    },
    async readBlob(commit, path, maxBytes) {
      const spec = `${commit}:${path}`;
      const type = await git(['cat-file', '-t', spec]);
      if (type.code !== 0 || type.stdout.toString('utf8').trim() !== 'blob') return null;
      const blob = await git(['cat-file', 'blob', spec], maxBytes);
      if (blob.code !== 0) throw new Error(`git cat-file failed: ${blob.stderr}`);
      return blob.stdout.toString('utf8');
    },
  };
}

interface Session {
  /** true from the moment git was told to move the refs */
  accepted: () => boolean;
}

/**
 * Attends a receive-pack: hands its proposal to `decision.onPush`, carries the verdict to the hook, tells which refs moved.
 * Whatever goes wrong on the way (an error, silence for `timeoutMs`, a list that cannot be read) refuses the push.
 */
export function attendPush(
  setting: GitSetting,
  cwd: string,
  child: GitChild,
  decision: { onPush: (push: PushProposal) => Promise<void>; timeoutMs: number },
): Session {
  const from = child.process.stdio[3] as Readable;
  const to = child.process.stdio[4] as unknown as Writable;
  // A pipe that breaks means that git ended; `exited` tells the same.
  from.on('error', () => undefined);
  to.on('error', () => undefined);
  const messages = readHookMessages(from);
  let state: 'open' | 'accepted' | 'refused' = 'open';

  const refuse = (lines: string[]): void => {
    if (state !== 'open') return;
    state = 'refused';
    answerHook(to, lines, 'no');
  };
  const nextMoved = async (): Promise<AcceptedPush | null> => {
    const next = await messages.next();
    if (next.done === true || next.value.kind !== 'post-receive') return null;
    return {
      updates: next.value.updates ?? [],
      finish: (lines) => {
        answerHook(to, lines, 'ok');
      },
    };
  };
  const accept = (): Promise<AcceptedPush | null> => {
    if (state !== 'open') return Promise.resolve(null);
    state = 'accepted';
    answerHook(to, [], 'ok');
    return nextMoved();
  };
  const decide = async (message: HookMessage, updates: RefUpdate[]): Promise<void> => {
    const timer = setTimeout(() => {
      refuse([unchecked]);
    }, decision.timeoutMs);
    try {
      await decision.onPush({
        updates,
        ...quarantineReader(setting, cwd, message),
        refuse,
        accept,
      });
    } finally {
      clearTimeout(timer);
    }
  };
  const attend = async (): Promise<void> => {
    const first = await messages.next();
    if (first.done === true || first.value.kind !== 'pre-receive') return;
    if (first.value.updates === null) refuse([tooMany]);
    else await decide(first.value, first.value.updates);
  };
  void attend()
    .catch(() => undefined)
    .then(() => {
      refuse([unchecked]);
      // Nobody listens any more; a hook that still waits sees the end of its pipe.
      to.end();
      from.resume();
    });
  return { accepted: () => state === 'accepted' };
}
