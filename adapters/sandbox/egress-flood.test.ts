import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseEgressRule } from '../../contracts/pipeline/egress.ts';
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

async function open(
  ask: NamesOptions['ask'],
  openAll: NamesOptions['open'] = () => Promise.resolve(),
): Promise<void> {
  names = serveNames({ sockets, open: openAll, ...(ask && { ask }) });
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
    await names.judgeBy([]);
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
    await names.judgeBy([]);
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

  it('opens what many answers lead to with a few runs of nft, before it answers, and not without end [A-PIPE-05]', async () => {
    const runs: number[] = [];
    const opened = new Set<string>();
    let asked = 0;
    await open(
      (query) => Promise.resolve(answerWith(query, 40, (asked += 1))),
      (openings) => {
        runs.push(openings.length);
        for (const { address } of openings) opened.add(address);
        return pause(20);
      },
    );
    await names.judgeBy([parseEgressRule('*.example')].filter((rule) => typeof rule !== 'string'));
    const { port, address } = sockets.udp.address();
    const asker = createSocket('udp4');
    const told: Buffer[] = [];
    asker.on('message', (answer) => {
      const isWhole = (answer.readUInt16BE(2) & 15) === 0;
      if (isWhole) expect([...opened]).toContain(`203.${String(answer.at(-3))}.0.39`);
      told.push(answer);
    });
    for (let nth = 0; nth < 100; nth += 1)
      asker.send(queryFor(`a${String(nth)}.example`), port, address);
    for (let waited = 0; waited < 100 && told.length < 100; waited += 1) await pause(50);
    asker.close();
    expect([asked, told.length]).toEqual([100, 100]);
    // One run for each address would be 4000.
    expect(runs.length).toBeLessThan(20);
    expect(opened.size).toBeLessThanOrEqual(1024);
    const refused = told.filter((answer) => (answer.readUInt16BE(2) & 15) === 2);
    expect(refused.length).toBeGreaterThan(50);
  });

  it('is asked so often and no more, and says that there was more [A-PIPE-05]', async () => {
    await open(undefined);
    await names.judgeBy([]);
    for (let nth = 0; nth < 5000; nth += 1) {
      sockets.udp.emit('message', queryFor('a.example'), { address: '127.0.0.1', port: 9 });
    }
    const { entries, isCut } = names.take();
    expect(entries[0]?.count).toBeLessThan(2000);
    expect(isCut).toBe(true);
  });
});
