import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { freePort } from '../../test/support/free-port.ts';
import { openUiDoor } from './temporal-ui.mjs';

let ui: Server;
let door: Server;
let port: number;

/** Answers what it was asked, with a header that announces trailers. */
beforeAll(async () => {
  ui = createServer((request, response) => {
    if (request.url === '/odd') {
      response.socket?.end('HTTP/1.1 200 OK\r\nTrailer: X\r\nContent-Length: 2\r\n\r\nok');
      return;
    }
    if (request.url === '/broken') {
      response.socket?.end('HTTP/1.1 200 O\u007fK\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    response.end(`${request.method ?? ''} ${request.url ?? ''}`);
  });
  await new Promise<void>((resolve) => ui.listen(0, '127.0.0.1', resolve));
  port = await freePort();
  const { port: behind } = ui.address() as AddressInfo;
  door = await openUiDoor({ port, ui: { host: '127.0.0.1', port: behind } });
});
afterAll(() => {
  for (const server of [ui, door]) {
    server.closeAllConnections();
    server.close();
  }
});

/** The first line of the answer to these very lines; '' where the connection was closed. */
async function ask(...lines: string[]): Promise<string> {
  return await new Promise((resolve) => {
    let read = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
    socket.on('data', (chunk) => (read += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(read.split('\r\n')[0] ?? '');
    });
    socket.setTimeout(500, () => socket.destroy());
  });
}

const get = (path: string, ...headers: string[]) =>
  ask(`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${String(port)}`, 'Connection: close', ...headers);

describe('the door before the Temporal UI', () => {
  it('lets in who asks for it by its own name, and orders only of its own pages [A-CORE-02]', async () => {
    const own = `http://127.0.0.1:${String(port)}`;
    expect(await (await fetch(`${own}/a?b`)).text()).toBe('GET /a?b');
    const foreign = await ask('GET / HTTP/1.1', 'Host: stranger.example', 'Connection: close');
    expect(foreign).toBe('HTTP/1.1 421 Misdirected Request');
    const order = (origin: string) => fetch(`${own}/x`, { method: 'POST', headers: { origin } });
    expect((await order('http://stranger.example')).status).toBe(421);
    expect(await (await order(own)).text()).toBe('POST /x');
  });

  it('lives on whatever is sent to it or answered [A-CORE-02]', async () => {
    expect(await get('/', 'Trailer: X', 'TE: trailers')).toBe('HTTP/1.1 200 OK');
    expect(await get('/odd')).toBe('HTTP/1.1 200 OK');
    await get('/broken');
    await get('/', 'Upgrade: odd');
    await get('/', 'Expect: odd');
    await get('/', 'Content-Length: 5');
    await ask('nonsense');
    await ask('CONNECT stranger.example:1 HTTP/1.1', `Host: 127.0.0.1:${String(port)}`);
    expect(await get('/')).toBe('HTTP/1.1 200 OK');
  });
});
