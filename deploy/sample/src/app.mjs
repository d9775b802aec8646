import { InputError, readLink } from './input.mjs';

const largestBody = 16 * 1024;

/**
 * The service as a request listener for `http.createServer`.
 *
 * @param {import('./store.mjs').LinkStore} store
 * @returns {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => Promise<void>}
 */
export function createApp(store) {
  return async (request, response) => {
    try {
      await route(store, request, response);
    } catch (error) {
      if (error instanceof InputError)
        return send(response, error.status, { error: error.message });
      console.error('request failed', error);
      send(response, 500, { error: 'Something went wrong' });
    }
  };
}

async function route(store, request, response) {
  const { pathname } = new URL(request.url ?? '/', 'http://service');
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (pathname === '/healthz' && isRead) return send(response, 200, { status: 'ok' });
  if (pathname === '/' && isRead)
    return send(response, 200, { service: 'shortlink', links: store.list().length });
  if (pathname === '/links' && isRead) return send(response, 200, { links: store.list() });
  if (pathname === '/links' && request.method === 'POST') return addLink(store, request, response);
  if (!isRead) throw new InputError(405, 'Use GET here, or POST on /links');
  const link = store.find(pathname.slice(1));
  if (!link) throw new InputError(404, 'There is no such link');
  await store.hit(link.slug);
  response.writeHead(302, { location: link.url, 'cache-control': 'no-store' }).end();
}

async function addLink(store, request, response) {
  const link = await store.add(readLink(await readJson(request)));
  if (!link) throw new InputError(409, 'This alias is taken');
  send(response, 201, link);
}

async function readJson(request) {
  const parts = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > largestBody) throw new InputError(413, `At most ${largestBody} bytes, please`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    throw new InputError(400, 'The body is not JSON');
  }
}

function send(response, status, body) {
  // Unread input after an early answer would be taken for the next request of the connection.
  if (status === 413) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(body)}\n`);
}
