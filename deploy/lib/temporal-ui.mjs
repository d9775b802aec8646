import { randomInt } from 'node:crypto';
import { createServer, request, STATUS_CODES } from 'node:http';

/**
 * The UI of Temporal's development server answers whoever names it by whatever name, so a page of a stranger could reach
 * it through a name of its own that leads to loopback, and end every workflow. It is put at an address of loopback that
 * nobody can guess, and the door at the known address lets in who asks for that address.
 */

/** @returns {string} an address of loopback, of 16 million */
export function hiddenAddress() {
  return ['127', randomInt(1, 255), randomInt(1, 255), randomInt(2, 255)].join('.');
}

/**
 * @param {import('node:http').IncomingMessage} incoming
 * @param {number} port
 * @returns {boolean} whether it was meant for the door, by a page of the UI itself if it changes something
 */
function isMeant({ headers, method = '' }, port) {
  const own = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!own.includes(headers.host ?? '')) return false;
  if (['GET', 'HEAD'].includes(method)) return true;
  const site = headers['sec-fetch-site'] ?? 'same-origin';
  const origin = headers.origin ?? `http://${headers.host}`;
  return site === 'same-origin' && origin === `http://${headers.host}`;
}

/** They speak of one connection, or of what follows only in some bodies. */
const ofConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** @param {import('node:http').IncomingHttpHeaders} headers */
function withoutConnection(headers) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.has(name)));
}

/** @param {import('node:http').ServerResponse} answer @param {number} status @param {string} text */
function refuse(answer, status, text) {
  if (answer.headersSent) {
    answer.destroy();
    return;
  }
  answer.writeHead(status, STATUS_CODES[status], { 'content-type': 'text/plain; charset=utf-8' });
  answer.end(`${text}\n`);
}

/**
 * @param {import('node:http').IncomingMessage} incoming
 * @param {import('node:http').ServerResponse} answer
 * @param {{ host: string, port: number }} ui
 */
function passOn(incoming, answer, ui) {
  const { method, url: path, headers } = incoming;
  const onward = request({ ...ui, method, path, headers: withoutConnection(headers) });
  const fail = () => refuse(answer, 502, 'The Temporal UI does not answer.');
  onward.on('error', fail);
  onward.on('response', (found) => {
    try {
      answer.writeHead(found.statusCode ?? 502, withoutConnection(found.headers));
    } catch {
      found.destroy();
      fail();
      return;
    }
    found.on('error', () => answer.destroy());
    found.pipe(answer);
  });
  answer.on('close', () => onward.destroy());
  incoming.pipe(onward);
}

/**
 * Serves the UI at 127.0.0.1. Nothing that is sent to it ends this process, which holds the whole product.
 * @param {object} options
 * @param {number} options.port
 * @param {{ host: string, port: number }} options.ui where it listens
 * @returns {Promise<import('node:http').Server>} listening
 */
export async function openUiDoor({ port, ui }) {
  const server = createServer((incoming, answer) => {
    if (!isMeant(incoming, port)) {
      refuse(
        answer,
        421,
        `This is the Temporal UI at http://127.0.0.1:${port}, asked for by another name.`,
      );
      return;
    }
    try {
      passOn(incoming, answer, ui);
    } catch {
      refuse(answer, 400, 'The request cannot be passed on.');
    }
  });
  // a connection that breaks has nobody to tell
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(undefined));
  });
  return server;
}
