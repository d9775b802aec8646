import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { framed } from './dns-upstream.ts';
import { type NameServer, type NamesOptions, serveNames } from './egress-names.ts';

let sockets: { udp: Datagrams; tcp: Server };
let names: NameServer;
let client: Socket;
/** Our side of the connection. */
let served: Socket;

beforeEach(async () => {
  sockets = { udp: createSocket('udp4'), tcp: createServer() };
  await once(sockets.tcp.listen(0, '127.0.0.1'), 'listening');
  sockets.udp.bind(0, '127.0.0.1');
  await once(sockets.udp, 'listening');
});
afterEach(() => {
  client.destroy();
  served.destroy();
  names.close();
});

/** A query for the address of a name. */
function queryFor(name: string): Buffer {
  const head = Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const labels = name.split('.').map((label) => Buffer.from(`${'\0'}${label}`));
  for (const label of labels) label[0] = label.length - 1;
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}

/** An answer with so many addresses, each another one for each answer. */
function answerWith(query: Buffer, count: number, nth: number): Buffer {
  const head = Buffer.from(query);
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(count, 6);
  const records = Array.from({ length: count }, (_, at) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 203, nth, at >> 8, at & 255]),
  );
  return Buffer.concat([head, ...records]);
}

async function open(ask: NamesOptions['ask']): Promise<void> {
  names = serveNames({ sockets, open: () => Promise.resolve(), ...(ask && { ask }) });
  const { port } = sockets.tcp.address() as AddressInfo;
  const arrived = once(sockets.tcp, 'connection');
  client = connect(port, '127.0.0.1').on('error', () => undefined);
  [served] = (await arrived) as [Socket];
}

const flood = Buffer.concat(Array.from({ length: 400_000 }, () => framed(queryFor('a.example'))));

describe('the name server of a step that is flooded', () => {
  it('takes no more questions than it has answered, however many are asked [A-PIPE-05]', async () => {
    await open(() => new Promise(() => undefined));
    client.write(flood);
    await pause(1000);
    expect(served.bytesRead).toBeLessThan(1024 * 1024);
  });

  it('keeps no answers for somebody who does not take them [A-PIPE-05]', async () => {
    await open(undefined);
    names.judgeBy([]);
    client.pause();
    // Beyond what the kernel holds for both sides.
    for (let round = 0; round < 4; round += 1) client.write(flood);
    for (let waited = 0; waited < 20 && served.writableLength < 1024 * 1024; waited += 1) {
      await pause(250);
    }
    expect(served.writableLength).toBeLessThan(1024 * 1024);
    expect(served.bytesRead).toBeLessThan(2 * flood.length);
  });

  it('answers one after another over one connection, also where a question comes in pieces [A-PIPE-05]', async () => {
    await open(undefined);
    names.judgeBy([]);
    const query = framed(queryFor('a.example'));
    const all = Buffer.concat([query, query, query]);
    let read = Buffer.alloc(0);
    client.on('data', (chunk) => (read = Buffer.concat([read, chunk])));
    for (const part of [all.subarray(0, 40), all.subarray(40, 41), all.subarray(41)]) {
      client.write(part);
      await pause(50);
    }
    expect(read).toHaveLength(all.length);
    expect(names.take().entries).toMatchObject([{ target: 'a.example', count: 3 }]);
  });

  it('remembers so many addresses and no more, whatever its names lead to [A-PIPE-05]', async () => {
    let asked = 0;
    await open((query) => Promise.resolve(answerWith(query, 1000, (asked += 1))));
    client.write(Buffer.concat([1, 2, 3, 4].map(() => framed(queryFor('a.example')))));
    await pause(300);
    expect(asked).toBe(4);
    expect(names.take().namesOf.size).toBeLessThanOrEqual(500);
  });
});
