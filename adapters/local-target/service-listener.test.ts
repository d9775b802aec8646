import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { appsAddress } from './apps-address.ts';
import { ServiceListener } from './service-listener.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await once(server.listen(0, appsAddress), 'listening');
  return (server.address() as AddressInfo).port;
}

async function eventuallyTrue(check: () => boolean): Promise<void> {
  for (let tries = 0; !check() && tries < 300; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(check()).toBe(true);
}

/** What a client is answered through a Service whose application answers these very bytes. */
async function through(request: string, answer: string): Promise<string> {
  const application = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(Buffer.from(answer)));
  });
  const port = await listening(application);
  const endpoint = { connect: () => Promise.resolve(port), begin: () => () => undefined };
  const service = new ServiceListener(
    () => [endpoint],
    () => () => undefined,
  );
  const front = createServer({ allowHalfOpen: true }, (socket) => service.serve(socket));
  const client = connect(await listening(front), appsAddress);
  let read = '';
  client.on('error', () => undefined).on('data', (chunk) => (read += chunk.toString('latin1')));
  client.write(request);
  await Promise.race(
    ['data', 'close'].map((name) => once(client, name, { signal: AbortSignal.timeout(3000) })),
  );
  client.destroy();
  return read.split('\r\n')[0] ?? '';
}

const ask = (...headers: string[]) =>
  ['GET / HTTP/1.1', 'Host: app', ...headers, '', ''].join('\r\n');
const answer = (...lines: string[]) => [...lines, 'Content-Length: 0', '', ''].join('\r\n');

describe('a Service of the local target', () => {
  it('outlives an answer with a status that is none, and says so to the client [A-DEP-02]', async () => {
    expect(await through(ask(), answer('HTTP/1.1 042 X'))).toBe('HTTP/1.1 502 Bad Gateway');
  });

  it('outlives words after the status that cannot be written, and headers that cannot [A-DEP-02]', async () => {
    const odd = 'O\u007fK';
    expect(await through(ask(), answer(`HTTP/1.1 200 ${odd}`))).toBe('HTTP/1.1 200 OK');
    expect(await through(ask(), answer(`HTTP/1.1 299 ${odd}`))).toBe('HTTP/1.1 299 ');
    const failed = [
      answer(`HTTP/1.1 042 ${odd}`),
      answer(`HTTP/1.1 200 OK`, `X-Odd: ${odd}`, 'Y\u0001: z'),
      answer('HTTP/1.1 101 Switching Protocols', 'Upgrade: odd', 'Connection: upgrade'),
      'no HTTP at all\r\n\r\n',
      '',
    ];
    for (const lines of failed) {
      expect(await through(ask(), lines)).toMatch(/^HTTP\/1\.1 (200|502) /);
      expect(await through(ask('Upgrade: odd', 'Connection: upgrade'), lines)).not.toBeNull();
    }
  });

  it('passes on what announces trailers without chunks, in a request as in an answer [A-DEP-02]', async () => {
    const plain = answer('HTTP/1.1 200 OK');
    expect(await through(ask('Trailer: X'), plain)).toBe('HTTP/1.1 200 OK');
    expect(await through(ask(), answer('HTTP/1.1 200 OK', 'Trailer: X'))).toBe('HTTP/1.1 200 OK');
  });

  it('pays for a failure of its own with the one connection that met it [A-DEP-02]', async () => {
    const asked = [
      ask(),
      ask('Upgrade: odd', 'Connection: upgrade'),
      'no HTTP, whatever it is\r\n\r\n',
    ];
    const refuse = (): never => {
      throw new Error('a fault of ours');
    };
    const faults = [
      { connect: () => Promise.resolve(70_000), begin: () => () => undefined },
      { connect: () => Promise.resolve(70_000), begin: () => refuse },
      { connect: () => Promise.resolve(1), begin: refuse },
      { connect: refuse, begin: () => () => undefined },
    ];
    for (const endpoint of faults) {
      const service = new ServiceListener(
        () => [endpoint],
        () => () => undefined,
      );
      const front = createServer({ allowHalfOpen: true }, (socket) => service.serve(socket));
      const port = await listening(front);
      for (const request of asked) {
        const client = connect(port, appsAddress);
        let read = '';
        client.on('error', () => undefined).on('data', (chunk: Buffer) => (read += String(chunk)));
        client.write(request);
        await eventuallyTrue(() => client.closed || read.startsWith('HTTP/1.1 50'));
        client.destroy();
      }
    }
  });

  it('takes no connection beyond its share, whose heads may come as slowly as they like, and takes others once those have gone [A-DEP-02]', async () => {
    let free = 2;
    const place = () => {
      if (free === 0) return null;
      free -= 1;
      return () => void (free += 1);
    };
    const endpoint = {
      connect: () => Promise.reject(new Error('none')),
      begin: () => () => undefined,
    };
    const service = new ServiceListener(() => [endpoint], place);
    const front = createServer({ allowHalfOpen: true }, (socket) => service.serve(socket));
    const port = await listening(front);
    const open = () => {
      const client = connect(port, appsAddress);
      client.on('error', () => undefined).write('GET / HTTP/1.1\r\nX: ');
      return client;
    };
    const held = [open(), open()];
    await eventuallyTrue(() => free === 0);
    const refused = open();
    await eventuallyTrue(() => refused.closed);
    expect(held.map(({ destroyed }) => destroyed)).toEqual([false, false]);
    for (const client of held) client.destroy();
    await eventuallyTrue(() => free === 2);
  });
});
