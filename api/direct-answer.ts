import { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import type { DirectBody } from './direct-body.ts';
import type { AppEnv } from './env.ts';

const bodies = new WeakMap<ServerResponse, DirectBody>();
/** On an answer whose body is kept in `bodies`; never sent. */
const mark = 'x-slipway-direct';

/** What a handler returns for a direct body: status 200, these headers. Without a socket (tests) it is a plain stream. */
export function answerDirectly(
  c: Context<AppEnv>,
  headers: Readonly<Record<string, string>>,
  body: DirectBody,
): Response {
  const outgoing = responseOf(c.env);
  if (c.req.raw.method === 'HEAD') {
    // Whoever asks for the head alone never takes the body, and nobody would end it.
    body.drop();
    return new Response(null, { headers: { ...headers } });
  }
  if (outgoing !== null) {
    bodies.set(outgoing, body);
    return new Response(null, { headers: { ...headers, [mark]: '1' } });
  }
  const through = new PassThrough();
  const response = new Response(webStream(through), { headers: { ...headers } });
  body.send(through);
  return response;
}

/** By hand: `Readable.toWeb` of Node 20 fails when it is cancelled and then closed. */
function webStream(source: Readable): ReadableStream<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: () => void source.destroy(),
  });
}

function responseOf(env: AppEnv['Bindings'] | undefined): ServerResponse | null {
  const outgoing: unknown = env?.outgoing;
  return outgoing instanceof ServerResponse ? (outgoing as ServerResponse) : null;
}

/** By connection: bodies of requests that were sent before the answer to the one before had ended. */
const queued = new WeakMap<Socket, Set<DirectBody>>();
/** So many requests ahead no client of ours sends. */
const maxQueued = 16;

/**
 * Sends a body when its turn on the connection has come. Until then Node tells nobody that the connection has gone: that
 * is heard of by the connection itself.
 */
function sendInTurn(body: DirectBody, outgoing: ServerResponse): void {
  if (outgoing.socket !== null) return body.send(outgoing);
  const { socket } = outgoing.req;
  const waiting = queued.get(socket) ?? new Set();
  if (!queued.has(socket)) {
    queued.set(socket, waiting);
    socket.once('close', () => waiting.forEach((one) => one.drop()));
  }
  waiting.add(body);
  if (socket.destroyed || waiting.size > maxQueued) {
    body.drop();
    socket.destroy();
    return;
  }
  outgoing.once('socket', () => {
    waiting.delete(body);
    body.send(outgoing);
  });
}

type Fetch = (
  request: Request,
  env?: AppEnv['Bindings'],
  ...rest: never[]
) => Response | Promise<Response>;

/** Sends direct bodies once every middleware has had its say on the head. */
export function withDirectAnswers<F extends Fetch>(handle: F): F {
  const finish = (answer: Response, outgoing: ServerResponse): Response => {
    const body = bodies.get(outgoing);
    if (body === undefined) return answer;
    bodies.delete(outgoing);
    if (!answer.headers.has(mark) || outgoing.destroyed) {
      body.drop();
      return answer;
    }
    // As one list: what is set one by one is kept for as long as the answer lasts.
    const head: string[] = [];
    for (const [name, value] of answer.headers) if (name !== mark) head.push(name, value);
    outgoing.writeHead(answer.status, head);
    outgoing.flushHeaders();
    sendInTurn(body, outgoing);
    return RESPONSE_ALREADY_SENT;
  };
  const direct = (...[request, env, ...rest]: Parameters<F>): Response | Promise<Response> => {
    const answer = handle(request, env, ...rest);
    const outgoing = responseOf(env);
    if (outgoing === null || !(answer instanceof Promise)) return answer;
    return answer.then((response) => finish(response, outgoing));
  };
  return direct as F;
}

/**
 * A stream as a body, at the client's pace. When it fails the connection is broken off, for a shortened body must not
 * look whole; when the client goes away it is destroyed.
 */
export function streamBody(source: Readable, stallMs = 60_000): DirectBody {
  // It may fail while it waits for its turn on the connection, which nobody else would hear of.
  source.on('error', () => undefined);
  return {
    send: (to) => {
      to.on('error', () => undefined);
      if (source.destroyed) return void to.destroy();
      source.once('error', () => to.destroy());
      to.once('close', () => source.destroy());
      cutStalled(to, stallMs);
      source.pipe(to);
    },
    drop: () => {
      source.destroy();
    },
  };
}

/**
 * Breaks an answer off whose client took nothing of what waited for it in all that time: what makes the answer, a git
 * say, waits with it, and there are few of these.
 */
function cutStalled(to: Writable, stallMs: number): void {
  let drained = true;
  const onDrain = (): void => {
    drained = true;
  };
  const timer = setInterval(() => {
    if (!drained && to.writableNeedDrain) to.destroy();
    drained = !to.writableNeedDrain;
  }, stallMs);
  timer.unref();
  to.on('drain', onDrain).once('close', () => clearInterval(timer));
}
