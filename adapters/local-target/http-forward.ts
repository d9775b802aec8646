import {
  request as send,
  STATUS_CODES,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Endpoint } from './endpoint.ts';
import { appsAddress } from './apps-address.ts';
import { guarded } from './guarded.ts';

/** They speak of one connection and not of the message (RFC 9110 section 7.6.1). */
const ofConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Passes one request to a replica, over a connection of its own: one that is kept could close as it is used. */
export function forwardRequest(
  request: IncomingMessage,
  response: ServerResponse,
  next: () => Endpoint | null,
  tries = 2,
): void {
  const endpoint = next();
  if (endpoint === null) return refuse(response, 503, 'No replica is ready.');
  const end = endpoint.begin();
  const fail = (): void => {
    end();
    // What has no body and changes nothing can be asked again.
    const again = tries > 1 && (request.method === 'GET' || request.method === 'HEAD');
    if (response.headersSent || response.destroyed) response.destroy();
    else if (again && !hasBody(request)) forwardRequest(request, response, next, tries - 1);
    else refuse(response, 502, 'The replica closed the connection.');
  };
  const passOn = (port: number): void => {
    const upstream = send({
      ...{ host: appsAddress, port, agent: false, method: request.method, path: request.url },
      headers: headersOf(request),
      setHost: false,
    });
    let isAnswered = false;
    const failOnce = (): void => {
      if (!isAnswered) fail();
      isAnswered = true;
    };
    upstream.once(
      'response',
      guarded(response, (answer) => {
        isAnswered = true;
        passBack(answer, response);
      }),
    );
    upstream.on('error', guarded(response, failOnce));
    // One that switches protocols unasked is closed without a word.
    upstream.once('close', guarded(response, failOnce));
    response.once(
      'close',
      guarded(upstream, () => {
        upstream.destroy();
        end();
      }),
    );
    request.pipe(upstream);
  };
  // Also where the client wrote what cannot be sent: nothing that it writes may end our process.
  void Promise.resolve()
    .then(() => endpoint.connect())
    .then(passOn)
    .catch(guarded(response, fail));
}

/** What an application answers is read leniently and written strictly: what cannot be written is its own failure. */
function passBack(answer: IncomingMessage, response: ServerResponse): void {
  try {
    response.writeHead(answer.statusCode ?? 502, reasonOf(answer), headersOf(answer));
  } catch {
    answer.destroy();
    refuse(response, 502, 'The replica gave an answer that cannot be passed on.');
    return;
  }
  answer.pipe(response);
  answer.once('error', () => response.destroy());
  answer.once('close', () => {
    if (!answer.complete) response.destroy();
  });
}

/** The words after the status mean nothing to any client: those that cannot be written are replaced. */
function reasonOf({ statusCode = 502, statusMessage = '' }: IncomingMessage): string {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(statusMessage)
    ? statusMessage
    : (STATUS_CODES[statusCode] ?? '');
}

/** WebSockets and the like: the request as it came, then bytes in both directions. */
export function forwardUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  next: () => Endpoint | null,
): void {
  const endpoint = next();
  if (endpoint === null) {
    socket.destroy();
    return;
  }
  const end = endpoint.begin();
  socket.once('close', guarded(socket, end)).on('error', () => socket.destroy());
  const passOn = (port: number): void => {
    const upstream = connect(port, appsAddress);
    upstream.on('error', () => socket.destroy());
    socket.once('close', () => upstream.destroy());
    const raw = request.rawHeaders;
    const lines = [`${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/1.1`];
    for (let at = 0; at < raw.length; at += 2) lines.push(`${raw[at] ?? ''}: ${raw[at + 1] ?? ''}`);
    upstream.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
  };
  void Promise.resolve()
    .then(() => endpoint.connect())
    .then(passOn)
    .catch(() => socket.destroy());
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** As they came, in their order and writing, without those of the connection. */
function headersOf(message: IncomingMessage): string[] {
  const dropped = new Set(ofConnection);
  for (const name of (message.headers.connection ?? '').split(',')) {
    dropped.add(name.trim().toLowerCase());
  }
  const framed = message.headers['transfer-encoding'] !== undefined;
  // It announces what can follow in chunks only.
  if (!framed) dropped.add('trailer');
  const kept: string[] = [];
  for (let at = 0; at < message.rawHeaders.length; at += 2) {
    const [name = '', value = ''] = message.rawHeaders.slice(at, at + 2);
    if (!dropped.has(name.toLowerCase())) kept.push(name, value);
  }
  // A request of a method that has no body by default would lose its frame.
  if (framed) kept.push('Transfer-Encoding', 'chunked');
  return kept;
}

/** In words of its own: those of an answer that could not be passed on would throw once more. */
function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, STATUS_CODES[status], { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`Slipway: ${text}\n`);
}
