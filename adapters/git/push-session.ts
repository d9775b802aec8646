import type { Readable, Writable } from 'node:stream';
import type { AcceptedPush, PushProposal } from '../../contracts/git/store.ts';
import type { GitChild, GitSetting } from './git-process.ts';
import { answerHook, hookLimits, readHookMessages, type HookMessage } from './hook-channel.ts';
import { quarantineReader, type QuarantineReader } from './quarantine-reader.ts';

const tooMany = `A push may move at most ${String(hookLimits.refs)} refs; push them in parts.`;
const unchecked = 'Slipway could not check this push, so it is refused.';

interface Decision {
  onPush: (push: PushProposal) => Promise<void>;
  /** asked when the hook speaks: by then the client has said what it wants */
  isAtomic: () => boolean;
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
  async attend(
    reader: (message: HookMessage) => QuarantineReader,
    decision: Decision,
  ): Promise<void> {
    try {
      const first = await this.messages.next();
      if (first.done === true || first.value.kind !== 'pre-receive') return;
      const { updates, reserved, options } = first.value;
      if (updates === null) this.refuse([tooMany]);
      else
        await this.decide(
          { updates, reserved, options, isAtomic: decision.isAtomic(), ...reader(first.value) },
          decision,
        );
    } catch {
      // It is refused below, like everything that was not accepted.
    } finally {
      this.refuse([unchecked]);
      // Nobody listens any more; a hook that still waits sees the end of its pipe.
      this.to.end();
      this.from.resume();
    }
  }

  private async decide(
    push: Omit<PushProposal, 'refuse' | 'accept'>,
    decision: Decision,
  ): Promise<void> {
    const timer = setTimeout(() => {
      this.refuse([unchecked]);
    }, decision.timeoutMs);
    try {
      await decision.onPush({
        ...push,
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
