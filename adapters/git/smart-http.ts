import { Transform, type Writable } from 'node:stream';
import type { AdvertiseOptions, ByteStream, UploadPackOptions } from '../../contracts/git/store.ts';
import { pushableNamespaces } from '../../contracts/git/ref-name.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { AnswerWriter } from './answer-words.ts';
import { fetchCapabilities } from './capabilities.ts';
import { limitBytes } from './command-limit.ts';
import { streamChild } from './git-answer.ts';
import { startGit, type GitChild } from './git-process.ts';
import type { Limiter } from './limiter.ts';
import { inflateBody } from './inflate-body.ts';
import { limitSilence } from './limit-silence.ts';
import { claimsOf, openRepository, type GitContext } from './repository-context.ts';

/** What a client may take of the server. */
export interface ClientLimits {
  /** a process each */
  turns: Limiter;
  /** how long it may send nothing while we wait for it */
  silenceMs: number;
}

/** A fetch names what it has and wants: megabytes at most, even for very large histories. */
const maxFetchBytes = 64 * 1024 * 1024;

export function protocolEnvironment(gitProtocol: string | undefined): Record<string, string> {
  const safe = gitProtocol !== undefined && /^[a-z0-9=:.-]{1,64}$/iu.test(gitProtocol);
  return safe ? { GIT_PROTOCOL: gitProtocol } : {};
}

/**
 * What cannot be pushed is not shown to a push, and git refuses each such ref by itself: the other refs of the same push
 * arrive. (The last line that matches a ref counts.)
 */
export const receiveConfig = [
  ['receive.hideRefs', 'refs'],
  ...pushableNamespaces.map((prefix) => ['receive.hideRefs', `!${prefix.slice(0, -1)}`] as const),
] as const;

/** What stock clients ask for, and nothing beside it. */
const isPlainV2 = (gitProtocol: string | undefined): boolean => gitProtocol === 'version=2';

/**
 * Refs and capabilities, in protocol v2 capabilities only, as `info/refs` answers them: at the client's pace, for there can
 * be tens of megabytes of them, which nobody shall hold in our memory by not reading.
 */
export async function* advertise(
  context: GitContext,
  repoPath: string,
  options: AdvertiseOptions,
): ByteStream & AsyncGenerator<Uint8Array> {
  const { service, gitProtocol, signal } = options;
  const cwd = await openRepository(context, repoPath);
  if (service === 'git-upload-pack' && isPlainV2(gitProtocol)) {
    const capabilities = await fetchCapabilities(context, cwd);
    if (capabilities !== null) {
      yield capabilities;
      return;
    }
  }
  const command = service === 'git-upload-pack' ? 'upload-pack' : 'receive-pack';
  const args = [command, '--stateless-rpc', '--http-backend-info-refs', '.'];
  const env = protocolEnvironment(gitProtocol);
  const config = service === 'git-receive-pack' ? receiveConfig : [];
  const refs = streamChild(
    () => context.places.listings.enter(signal, claimsOf(options)),
    () => startGit(context.setting, args, { cwd, env, config, signal }),
  );
  // Protocol v2 of upload-pack starts with its own version line; receive-pack has no v2.
  const isNew =
    service === 'git-upload-pack' && /(^|:)version=2(:|$)/u.test(env['GIT_PROTOCOL'] ?? '');
  const line = `# service=${service}\n`;
  const length = (line.length + 4).toString(16).padStart(4, '0');
  let head = isNew ? null : Buffer.from(`${length}${line}0000`);
  for await (const chunk of refs) {
    // Not before git has said something: until then a failure can still be told.
    yield head === null ? chunk : Buffer.concat([head, chunk]);
    head = null;
  }
}

/** What a client still sends after git has ended is read and dropped up to here, so that it hears the answer. */
const maxDrainBytes = 256 * 1024 * 1024;

function drained(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stdin.off('drain', done).off('close', done);
      resolve();
    };
    stdin.on('drain', done).on('close', done);
  });
}

async function writeAll(input: ByteStream, stdin: Writable): Promise<void> {
  let dropped = 0;
  for await (const chunk of input) {
    if (stdin.destroyed || stdin.writableEnded) {
      dropped += chunk.length;
      if (dropped > maxDrainBytes) return;
    } else if (!stdin.write(chunk)) {
      await drained(stdin);
    }
  }
  stdin.end();
}

/**
 * Feeds the request into git at git's pace. A request that breaks off ends git, which would wait for the rest.
 * Settles with what broke the request, or null.
 */
export function feed(
  input: ByteStream,
  child: GitChild,
  onBroken: (error: unknown) => void,
): Promise<unknown> {
  return writeAll(input, child.stdin).then(
    () => null,
    (error: unknown) => {
      onBroken(error);
      return error;
    },
  );
}

/** What git says of a body that is not in its protocol, or ends too early. */
const clientFault = /^fatal: (?:protocol error|the remote end hung up)/m;

/**
 * The child's answer; ends when the request has been read as well. A request that was refused is told as such, where
 * nothing was answered yet. A plain stream, not a generator: packs are large, and each turn of a generator costs.
 * @param writer adds words of ours
 */
export function answer(
  child: GitChild,
  fed: Promise<unknown>,
  abandon: () => void,
  writer: AnswerWriter | null = null,
): ByteStream {
  let bytes = 0;
  const finish = async (): Promise<void> => {
    const [code, broken] = await Promise.all([child.exited, fed]);
    if (bytes > 0) return;
    if (broken instanceof DomainError) throw broken;
    if (clientFault.test(child.stderrTail())) {
      throw new DomainError('malformed_body', 'The body is not what git sends to this service.');
    }
    if (code !== 0) throw new Error(`git ended with ${String(code)}: ${child.stderrTail()}`);
  };
  let ended = false;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(null, writer === null ? chunk : writer.write(chunk));
    },
    flush(done) {
      ended = true;
      if (writer !== null) this.push(writer.end());
      finish().then(() => done(), done);
    },
    destroy(error, done) {
      if (!ended) {
        abandon();
        child.stdout.resume();
      }
      done(error);
    },
  });
  child.stdout.on('error', (error) => stream.destroy(error));
  return child.stdout.pipe(stream);
}

/** Looks at the first bytes of a request without losing them. */
async function peek(input: ByteStream): Promise<{ head: Buffer; all: ByteStream }> {
  const iterator = input[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head = first.done === true ? Buffer.alloc(0) : Buffer.from(first.value);
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head, all: all() };
}

/** Listing refs is quick and must not wait behind clones; its answer waits for the client all the same. */
function isShort(head: Buffer): boolean {
  return head.subarray(4, 4 + 'command=ls-refs'.length).toString('latin1') === 'command=ls-refs';
}

/** Serves a fetch. Only so many packs are made at once; the next ones wait, then `rate_limited`. */
export async function uploadPack(
  context: GitContext,
  { turns: packs, silenceMs }: ClientLimits,
  repoPath: string,
  options: UploadPackOptions,
): Promise<ByteStream> {
  const cwd = await openRepository(context, repoPath);
  const { head, all } = await peek(
    limitSilence(inflateBody(options.input, options.encoding), silenceMs),
  );
  const limiter = isShort(head) ? context.places.listings : packs;
  const release = await limiter.enter(options.signal, claimsOf(options));
  const child = await startGit(
    context.setting,
    ['upload-pack', '--stateless-rpc', '--strict', '.'],
    {
      cwd,
      env: protocolEnvironment(options.gitProtocol),
      signal: options.signal,
      inOurGroup: true,
    },
  ).catch((error: unknown) => {
    release();
    throw error;
  });
  void child.exited.then(release);
  const fed = feed(limitBytes(all, maxFetchBytes), child, child.kill);
  return answer(child, fed, child.kill);
}
