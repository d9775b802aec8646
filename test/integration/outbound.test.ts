import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createServer } from 'node:net';
import { createOutboundClient } from '../../adapters/http/outbound-client.ts';
import { isPublicAddress } from '../../adapters/http/public-address.ts';
import { OutboundError } from '../../contracts/outbound/types.ts';
import { type HookReceiver, openHookReceiver } from '../support/receivers.ts';

jest.setTimeout(240_000);

let hook: HookReceiver;
beforeAll(async () => {
  hook = await openHookReceiver();
});
afterAll(() => hook.close());

describe('the outbound client', () => {
  const client = (allowHosts: string[] = [], timeoutMs = 60_000) =>
    createOutboundClient({ allowHosts, timeoutMs });
  const post = (url: string, allow: string[] = [], timeoutMs?: number) =>
    client(allow, timeoutMs).post(url, { headers: {}, body: '{}' });

  it.each([
    'http://127.0.0.1:1/',
    'http://localhost:1/',
    'http://0x7f.1:1/',
    'http://2130706433:1/',
    'http://[::1]:1/',
    'http://[::ffff:127.0.0.1]:1/',
    'http://[::ffff:a9fe:a9fe]/latest/meta-data',
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.1/',
    'http://172.31.255.255/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'http://0.0.0.0/',
    'http://[fd00::1]/',
    'http://[fe80::1]/',
    'http://[64:ff9b::a00:1]/',
    'file:///etc/passwd',
    'gopher://example.test/',
    'http://user:password@example.test/',
    'not an address',
  ])('refuses %s before it connects', async (url) => {
    const before = hook.received.length;
    const error: unknown = await post(url).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OutboundError);
    expect((error as OutboundError).isRefused).toBe(true);
    expect(hook.received).toHaveLength(before);
  });

  it('reaches what the operator allows, by name, address or range, and nothing else', async () => {
    const port = new URL(hook.url).port;
    for (const allow of ['127.0.0.1', '127.0.0.0/8', 'localhost']) {
      const name = allow === 'localhost' ? 'localhost' : '127.0.0.1';
      expect((await post(`http://${name}:${port}/`, [allow])).status).toBe(200);
    }
    await expect(post(hook.url, ['10.0.0.0/8', 'example.test'])).rejects.toThrow(/not a public/);
    expect(isPublicAddress('93.184.216.34')).toBe(true);
    expect(isPublicAddress('2606:2800:220:1::1')).toBe(true);
    expect(isPublicAddress('2002:a00:1::')).toBe(false);
  });

  it('follows no redirect, reads no endless answer and waits for no slow one', async () => {
    hook.answer = 302;
    hook.headers = { location: 'http://127.0.0.1:1/elsewhere' };
    expect((await post(hook.url, ['127.0.0.1'])).status).toBe(302);
    hook.answer = 200;
    hook.headers = {};
    hook.bodyBytes = 5_000_000;
    expect((await post(hook.url, ['127.0.0.1'])).body.length).toBe(16_384);
    hook.bodyBytes = 2;
    hook.answer = () => 'hang';
    await expect(post(hook.url, ['127.0.0.1'], 200)).rejects.toThrow('No answer in time');
  });

  it('waits for nobody who switches protocols unasked and says no more', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    const { port } = server.address() as { port: number };
    const sent = post(`http://127.0.0.1:${String(port)}/`, ['127.0.0.1']);
    await expect(sent).rejects.toThrow('The connection was closed without an answer');
    server.close();
  });
});
