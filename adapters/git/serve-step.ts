import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BodyEncoding, ByteStream, GitStore } from '../../contracts/git/store.ts';
import { DomainError, problems } from '../../contracts/problems.ts';
import type { StepService } from '../executor/executor.ts';

/** What commands of one attempt may fetch from. */
export interface StepRepository {
  repoPath: string;
  /** `owner/name` */
  fullName: string;
  /** what `origin` is in the step's clone */
  cloneUrl: string;
  /** whose places among the fetches it takes */
  whose: string;
}

/** Answers fetches of one attempt of a step, of one repository. */
export interface StepFetches extends StepService {
  /** Opens the repository to the attempt, for as long as it lives; not to be printed. */
  readonly token: string;
  /** From now on nothing is answered; what is under way ends. */
  close(): void;
}

type Reads = Pick<GitStore, 'advertise' | 'uploadPack'>;

const uncached = 'no-cache, max-age=0, must-revalidate';
const service = 'git-upload-pack';

/**
 * Smart HTTP of exactly one repository, for reading: what a reader of the project gets, by the same calls. git is led here
 * by its configuration in the step's environment, so that no file of the step says so.
 * @param onError hears what nobody has a name for
 * @param stallMs after which an answer is broken off of which nothing is taken: places among the fetches are few
 */
export function serveStepFetches(
  store: Reads,
  repository: StepRepository,
  onError: (error: unknown) => void,
  stallMs = 60_000,
): StepFetches {
  const token = randomBytes(32).toString('base64url');
  let isOpen = true;
  const connections = new Set<Duplex>();
  const server = createServer((request, response) => {
    // Silence alone may be git's, which has nothing to say for a while.
    response.setTimeout(stallMs, () => {
      if (response.writableNeedDrain) response.destroy();
    });
    void answer(store, { ...repository, token }, request, response).catch((error: unknown) => {
      if (!(error instanceof DomainError) && !response.destroyed) onError(error);
      refuse(response, error);
    });
  });
  return {
    token,
    // Takes connections that others accepted, which is what this event of Node's server is open for.
    connect: (connection) => {
      if (!isOpen) {
        connection.destroy();
        return;
      }
      connections.add(connection);
      connection.once('close', () => connections.delete(connection));
      server.emit('connection', connection);
    },
    env: (address, others) => gitVariables(configFor(repository, token, address), others),
    close: () => {
      isOpen = false;
      for (const connection of connections) connection.destroy();
    },
  };
}

/** git's own names for what is in its configuration. The last entry counts, so these go behind the step's own. */
function gitVariables(
  entries: readonly (readonly [string, string])[],
  others: Readonly<Record<string, string>>,
): Record<string, string> {
  const before = Number(others['GIT_CONFIG_COUNT'] ?? 0);
  // What git itself would refuse stays as it is.
  if (!Number.isInteger(before) || before < 0) return {};
  const variables: Record<string, string> = {
    GIT_CONFIG_COUNT: String(before + entries.length),
  };
  for (const [index, [key, value]] of entries.entries()) {
    variables[`GIT_CONFIG_KEY_${String(before + index)}`] = key;
    variables[`GIT_CONFIG_VALUE_${String(before + index)}`] = value;
  }
  return variables;
}

function configFor(
  { fullName, cloneUrl }: StepRepository,
  token: string,
  address: string,
): [string, string][] {
  return [
    [`url.${address}/${fullName}.git.insteadOf`, cloneUrl],
    [`http.${address}/.extraHeader`, `Authorization: Bearer ${token}`],
    // The operator's proxy, which steps may have in their environment, does not know this address.
    [`http.${address}/.proxy`, ''],
  ];
}

async function answer(
  store: Reads,
  repository: StepRepository & { token: string },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  requireToken(request, repository.token);
  // By itself as the first line has it: what is no path is none of ours.
  const [path = '', search = ''] = (request.url ?? '').split('?');
  const { fullName, cloneUrl } = repository;
  const base = `/${fullName}.git`;
  if (!path.startsWith(`${base}/`)) {
    throw new DomainError('forbidden', `This step may read ${fullName} only.`);
  }
  const wanted = `${request.method ?? ''} ${path.slice(base.length)} ${search}`;
  if (wanted.includes('git-receive-pack')) {
    const way = cloneUrl.replace('://', '://USER:TOKEN@');
    const how = `To push, give the step a token as a secret and push to ${way}.`;
    throw new DomainError('forbidden', `Steps may read this repository only. ${how}`);
  }
  const protocol = [request.headers['git-protocol']].flat()[0];
  if (wanted === `GET /info/refs service=${service}`) {
    await sendRefs(store, repository, response, protocol);
  } else if (wanted === `POST /${service} `) {
    await sendPack(store, repository, { request, response, protocol });
  } else {
    throw new DomainError('not_found', 'Only git fetches here, over smart HTTP.');
  }
}

function requireToken({ headers }: IncomingMessage, token: string): void {
  const given = Buffer.from(headers.authorization ?? '');
  const right = Buffer.from(`Bearer ${token}`);
  if (given.length === right.length && timingSafeEqual(given, right)) return;
  throw new DomainError('forbidden', 'This is open to the git of this attempt of the step alone.');
}

async function sendRefs(
  store: Reads,
  { repoPath, whose }: StepRepository,
  response: ServerResponse,
  gitProtocol: string | undefined,
): Promise<void> {
  const { signal } = goneWith(response);
  const refs = store.advertise(repoPath, { service, gitProtocol, signal, whose });
  await send(refs, response, 'advertisement');
}

/** Aborted when the connection closes. */
function goneWith(response: ServerResponse): AbortController {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone;
}

/** A failure before the first byte is told; later the connection breaks off, for half a pack must not look whole. */
async function send(
  output: ByteStream,
  response: ServerResponse,
  what: 'advertisement' | 'result',
): Promise<void> {
  const source = output instanceof Readable ? output : Readable.from(output, { objectMode: false });
  // A failure while nobody waits for it must not end the process; whoever does hears of it.
  source.on('error', () => undefined);
  await once(source, 'readable');
  response.writeHead(200, headers(what));
  await pipeline(source, response);
}

async function sendPack(
  store: Reads,
  { repoPath, whose }: StepRepository,
  {
    request,
    response,
    protocol,
  }: { request: IncomingMessage; response: ServerResponse; protocol: string | undefined },
): Promise<void> {
  if (request.headers['content-type'] !== `application/x-${service}-request`) {
    throw new DomainError('unsupported_media_type', `Send application/x-${service}-request.`);
  }
  const { signal } = goneWith(response);
  const output = await store.uploadPack(repoPath, {
    input: request,
    encoding: encodingOf(request),
    gitProtocol: protocol,
    signal,
    whose,
  });
  await send(output, response, 'result');
}

function encodingOf({ headers }: IncomingMessage): BodyEncoding {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity' || encoding === 'gzip') return encoding;
  throw new DomainError('unsupported_media_type', 'The body may be gzipped, nothing else.');
}

function headers(what: 'advertisement' | 'result'): Record<string, string> {
  return { 'content-type': `application/x-${service}-${what}`, 'cache-control': uncached };
}

/** In plain text: git shows it to whoever reads the log. */
function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const isKnown = error instanceof DomainError;
  const status = isKnown ? problems[error.code].status : 500;
  const words = isKnown ? error.message : 'The repository could not be read.';
  // What is left of the request is not read.
  response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' });
  response.end(`${words}\n`);
}
