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

type Reader = Pick<PushProposal, 'isAncestor' | 'readBlob'>;

function quarantineReader(setting: GitSetting, cwd: string, message: HookMessage): Reader {
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

interface Decision {
  onPush: (push: PushProposal) => Promise<void>;
  /** how long it may take before the push is refused */
  timeoutMs: number;
}

/** The conversation with the hooks of one receive-pack: a verdict is given once, whoever gives it. */
class PushSession {
  private state: 'open' | 'accepted' | 'refused' = 'open';
  private readonly from: Readable;
  private readonly to: Writable;
  private readonly messages: AsyncGenerator<HookMessage>;

  constructor(child: GitChild) {
    if (child.hooks === null) throw new Error('a push needs the pipes of its hooks');
    this.from = child.hooks.from;
    this.to = child.hooks.to;
    // A pipe that breaks means that git ended; `exited` tells the same.
    this.from.on('error', () => undefined);
    this.to.on('error', () => undefined);
    this.messages = readHookMessages(this.from);
  }

  get isAccepted(): boolean {
    return this.state === 'accepted';
  }

  refuse(lines: string[]): void {
    if (this.state !== 'open') return;
    this.state = 'refused';
    answerHook(this.to, lines, 'no');
  }

  async accept(): Promise<AcceptedPush | null> {
    if (this.state !== 'open') return null;
    this.state = 'accepted';
    answerHook(this.to, [], 'ok');
    const next = await this.messages.next();
    if (next.done === true || next.value.kind !== 'post-receive') return null;
    return {
      updates: next.value.updates ?? [],
      finish: (lines) => {
        answerHook(this.to, lines, 'ok');
      },
    };
  }

  /** Settles when everything was said; never rejects. */
  async attend(reader: (message: HookMessage) => Reader, decision: Decision): Promise<void> {
    try {
      const first = await this.messages.next();
      if (first.done === true || first.value.kind !== 'pre-receive') return;
      const { updates } = first.value;
      if (updates === null) this.refuse([tooMany]);
      else await this.decide(updates, reader(first.value), decision);
    } catch {
      // It is refused below, like everything that was not accepted.
    } finally {
      this.refuse([unchecked]);
      // Nobody listens any more; a hook that still waits sees the end of its pipe.
      this.to.end();
      this.from.resume();
    }
  }

  private async decide(updates: RefUpdate[], reader: Reader, decision: Decision): Promise<void> {
    const timer = setTimeout(() => {
      this.refuse([unchecked]);
    }, decision.timeoutMs);
    try {
      await decision.onPush({
        updates,
        ...reader,
        refuse: (lines) => {
          this.refuse(lines);
        },
        accept: () => this.accept(),
      });
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * Attends a receive-pack: hands its proposal to `decision.onPush`, carries the verdict to the hook, tells which refs moved.
 * Whatever goes wrong on the way (an error, silence for `timeoutMs`, a list that cannot be read) refuses the push.
 * @returns whether git was told to move the refs, and the way to refuse a push whose client has gone
 */
export function attendPush(
  setting: GitSetting,
  cwd: string,
  child: GitChild,
  decision: Decision,
): { isAccepted: () => boolean; refuse: (lines: string[]) => void } {
  const session = new PushSession(child);
  void session.attend((message) => quarantineReader(setting, cwd, message), decision);
  return {
    isAccepted: () => session.isAccepted,
    refuse: (lines) => {
      session.refuse(lines);
    },
  };
}
