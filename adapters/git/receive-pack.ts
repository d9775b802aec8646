import { PassThrough, type Readable } from 'node:stream';
import type { ByteStream, ReceivePackOptions } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import { AnswerWriter, explainAnswer } from './answer-words.ts';
import { limitCommands } from './command-limit.ts';
import { startGit, type GitChild } from './git-process.ts';
import { ensureHooks } from './hook-scripts.ts';
import { inflateBody } from './inflate-body.ts';
import { limitSilence } from './limit-silence.ts';
import { attendPush } from './push-session.ts';
import { claimsOf, openRepository, type GitContext } from './repository-context.ts';
import {
  answer,
  type ClientLimits,
  feed,
  protocolEnvironment,
  receiveConfig,
} from './smart-http.ts';

export interface PushLimits extends ClientLimits {
  /** how long the check may take before the push is refused */
  checkTimeoutMs: number;
}

/** How long git may take to clean up after a push that broke off. */
const abandonGraceMs = 5000;

/** Serves a push; see {@link attendPush} for how it is decided. */
export async function receivePack(
  context: GitContext,
  { turns, silenceMs, checkTimeoutMs }: PushLimits,
  repoPath: string,
  options: ReceivePackOptions,
): Promise<ByteStream> {
  const cwd = await openRepository(context, repoPath);
  await ensureHooks(context.setting.hooksDir);
  const release = await turns.enter(options.signal, claimsOf(options));
  const child = await startReceiver(context, cwd, options).catch((error: unknown) => {
    release();
    throw error;
  });
  void child.exited.then(release);
  let isAtomic = false;
  const session = attendPush(context.setting, cwd, child, {
    onPush: options.onPush,
    isAtomic: () => isAtomic,
    timeoutMs: checkTimeoutMs,
  });
  // Once the refs are let go, git is left to finish: ending it then would leave moved refs that nobody recorded.
  // Before that it is ended by the end of its input, upon which it removes its quarantine; upon a signal it does not.
  const abandon = (): void => {
    if (session.isAccepted()) return;
    session.refuse(['The connection broke off.']);
    child.stdin.end();
    setTimeout(child.kill, abandonGraceMs).unref();
  };
  options.signal.addEventListener('abort', abandon);
  if (options.signal.aborted) abandon();
  void child.exited.then(() => {
    options.signal.removeEventListener('abort', abandon);
  });
  const commands = limitCommands(
    limitSilence(inflateBody(options.input, options.encoding), silenceMs),
    (capabilities) => {
      isAtomic = capabilities.includes('atomic');
    },
  );
  const reasons: string[] = [];
  const fed = feed(commands, child, (error) => {
    if (error instanceof DomainError) reasons.push(error.message);
    abandon();
  });
  const writer = new AnswerWriter((said) => [...explainAnswer(said), ...reasons]);
  return answer({ ...child, stdout: ahead(child.stdout) }, fed, abandon, writer);
}

/** What git may say ahead of its client, in bytes: many times a report on as many refs as a push may name. */
const maxAhead = 64 * 1024 * 1024;

/**
 * Takes git's words as they come, however slowly the client reads: git moves the refs, reports, and only then tells us
 * that they have moved, while a transaction waits and other pushes wait for that.
 */
function ahead(stdout: Readable): Readable {
  const buffer = new PassThrough({ highWaterMark: maxAhead });
  stdout.on('error', (error) => buffer.destroy(error));
  return stdout.pipe(buffer);
}

function startReceiver(
  context: GitContext,
  cwd: string,
  options: ReceivePackOptions,
): Promise<GitChild> {
  return startGit(context.setting, ['receive-pack', '--stateless-rpc', '.'], {
    cwd,
    env: protocolEnvironment(options.gitProtocol),
    config: [...receiveConfig, ['receive.maxInputSize', String(options.maxInputBytes)]],
    hookPipes: true,
  });
}
