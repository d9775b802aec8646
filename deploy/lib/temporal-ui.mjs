import { randomInt } from 'node:crypto';
import { createServer, request } from 'node:http';

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

/**
 * Serves the UI at 127.0.0.1.
 * @param {object} options
 * @param {number} options.port
 * @param {{ host: string, port: number }} options.ui where it listens
 * @returns {Promise<import('node:http').Server>} listening
 */
export async function openUiDoor({ port, ui }) {
  const server = createServer((incoming, answer) => {
    if (!isMeant(incoming, port)) {
      answer.writeHead(421, { 'content-type': 'text/plain; charset=utf-8' });
      answer.end(
        `This is the Temporal UI at http://127.0.0.1:${port}, asked for by another name.\n`,
      );
      return;
    }
    const { method, url: path, headers } = incoming;
    const onward = request({ ...ui, method, path, headers }, (found) => {
      answer.writeHead(found.statusCode ?? 502, found.headers);
      found.pipe(answer);
    });
    onward.on('error', () => {
      if (!answer.headersSent) answer.writeHead(502);
      answer.end();
    });
    answer.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(undefined));
  });
  return server;
}
