import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterAll, expect, it } from '@jest/globals';
import { parseEgressRule, type EgressRule } from '../../contracts/pipeline/egress.ts';
import { openAttackLedger } from '../../test/support/attack-ledger.ts';
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

const ledger = openAttackLedger('step-to-ports', 'messages to the name server of a step');
afterAll(() => ledger.close());

/** The query with another word of two bytes at a place of it. */
function queryWith(at: number, word: number, more: Buffer = Buffer.alloc(0)): Buffer {
  const made = Buffer.concat([query, more]);
  made.writeUInt16BE(word, at);
  return made;
}

it('passes on look-ups, made anew, and no update, transfer or other message that would be of this machine [A-PIPE-05]', async () => {
  const sockets = { udp: createSocket('udp4'), tcp: createServer() };
  const passed: Buffer[] = [];
  const names = serveNames({
    sockets,
    open: () => Promise.resolve(),
    ask: (message) => Promise.resolve((passed.push(message), answer)),
  });
  sockets.udp.bind(0, '127.0.0.1');
  await once(sockets.udp, 'listening');
  const client = createSocket('udp4');
  client.connect(sockets.udp.address().port, '127.0.0.1');
  await once(client, 'connect');
  const answersTo = async (message: Buffer): Promise<Buffer> => {
    const told = once(client, 'message') as Promise<[Buffer]>;
    client.send(message);
    return (await told)[0];
  };
  const [typeAt, classAt] = [query.length - 4, query.length - 2];
  const opcodes = Array.from({ length: 15 }, (_, at) => queryWith(2, ((at + 1) << 11) | 0x100));
  const types = [0, 10, 24, 29, 41, 249, 250, 251, 252, 253, 254, 255, 65535];
  const classes = [0, 3, 4, 254, 255].map((word) => queryWith(classAt, word));
  const records = [6, 8].map((at) => queryWith(at, 1, answer.subarray(query.length)));
  const others = [...types.map((word) => queryWith(typeAt, word)), ...classes, ...records];
  for (const message of [...opcodes, ...others]) {
    const said = await answersTo(message);
    expect(said.readUInt16BE(2) & 15).toBe(opcodes.includes(message) ? 4 : 5);
    expect(passed).toEqual([]);
    ledger.note(true);
  }
  // An answer is no query; had it been answered, that would come before the answer to what follows.
  client.send(queryWith(2, 0x8180));
  const opt = Buffer.from([0, 0, 41, 5, 0, 0, 0, 0x80, 0, 0, 4, 0, 10, 0, 0]);
  const odd = queryWith(2, 0x0050, Buffer.concat([opt, Buffer.from('left over')]));
  odd.writeUInt16BE(1, 10);
  expect(await answersTo(odd)).toEqual(answer);
  const plain = queryWith(10, 1, Buffer.from([0, 0, 41, 5, 0, 0, 0, 0, 0, 0, 0]));
  expect(passed).toEqual([plain]);
  const { entries } = names.take();
  expect(entries).toContainEqual(
    expect.objectContaining({ target: 'app.test (type 252)', allowed: false, count: 1 }),
  );
  expect(entries.filter(({ allowed }) => allowed)).toMatchObject([{ target: 'app.test' }]);
  client.close();
  names.close();
});
