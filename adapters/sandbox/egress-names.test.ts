import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { parseEgressRule, type EgressRule } from '../../contracts/pipeline/egress.ts';
import { framed } from './dns-upstream.ts';
import { serveNames } from './egress-names.ts';

const query = Buffer.concat([
  Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
  Buffer.from('\u0003app\u0004test\u0000', 'latin1'),
  Buffer.from([0, 1, 0, 1]),
]);
const answer = Buffer.concat([
  query,
  Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 7, 7, 7, 7]),
]);
answer.writeUInt16BE(1, 6);
const listed = (): EgressRule[] =>
  [parseEgressRule('app.test')].filter((one) => typeof one !== 'string');

it.each([
  ['opens the address of a name while the step that asked runs [A-PIPE-04]', false, ['7.7.7.7']],
  ['opens nothing for a step that began after the one that asked [A-PIPE-04]', true, []],
])('%s', async (_title, isNext, expected) => {
  const opened: string[] = [];
  const sockets = { udp: createSocket('udp4'), tcp: createServer() };
  let tell: (bytes: Buffer) => void = () => undefined;
  const waiting = new Promise<Buffer>((resolve) => (tell = resolve));
  const names = serveNames({
    sockets,
    open: (all) => Promise.resolve(void opened.push(...all.map(({ address }) => address))),
    ask: () => waiting,
  });
  await names.judgeBy(listed());
  sockets.udp.emit('message', query, { address: '127.0.0.1', port: 9 });
  if (isNext) await names.judgeBy([]);
  tell(answer);
  await new Promise((resolve) => setTimeout(resolve, 20));
  sockets.udp.close();
  expect(opened).toEqual(expected);
});

it('answers every question of a connection over TCP, reading no further than it has answered [A-PIPE-04]', async () => {
  const sockets = { udp: createSocket('udp4'), tcp: createServer() };
  let running = 0;
  let most = 0;
  const names = serveNames({
    sockets,
    open: () => Promise.resolve(),
    ask: async () => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      return answer;
    },
  });
  sockets.tcp.listen(0, '127.0.0.1');
  await once(sockets.tcp, 'listening');
  const client = connect((sockets.tcp.address() as AddressInfo).port, '127.0.0.1');
  let got = 0;
  const all = new Promise<void>((resolve) => {
    client.on('data', (chunk: Buffer) => {
      got += chunk.length;
      if (got === 6 * framed(answer).length) resolve();
    });
  });
  for (let part = 0; part < 2; part += 1) {
    client.write(Buffer.concat([framed(query), framed(query), framed(query)]));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await all;
  client.destroy();
  names.close();
  expect(most).toBe(1);
});
