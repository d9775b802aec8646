import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSocket, type Socket } from 'node:dgram';
import dns from 'node:dns';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { ExecutionSpec } from '../../adapters/executor/executor.ts';
import { readQuestion } from '../../adapters/sandbox/dns-message.ts';
import { describeRefusals, type EgressRecord } from '../../contracts/pipeline/egress.ts';
import { newWorkspace, openStepBench, stepSpec, type StepBench } from '../support/steps.ts';

/** An address of this machine that is not the loopback's; steps reach it only because the operator says so. */
const own = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
const here = own === undefined ? describe.skip : describe;

let web: Server;
let port: number;
let names: Socket;
let servers: string[];
let bench: StepBench;

/** Every name below `example.test` leads to this machine. */
function answerNames(): Socket {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const question = readQuestion(query);
    if (question === null) return;
    const isKnown = question.name.endsWith('example.test') && question.type === 1;
    const answer = Buffer.from(query.subarray(0, question.end));
    answer.writeUInt16BE(0x8180, 2);
    answer.fill(0, 6, 12);
    if (isKnown) answer.writeUInt16BE(1, 6);
    const address = (own ?? '').split('.').map(Number);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address]);
    socket.send(isKnown ? Buffer.concat([answer, record]) : answer, from.port, from.address);
  });
  return socket;
}

async function run(
  commands: string[],
  more: Partial<ExecutionSpec> = {},
  on = bench,
): Promise<{ output: string; record: EgressRecord | null }> {
  const space = await newWorkspace(on);
  const spec = stepSpec(space, commands, { network: 'egress', ...more });
  const execution = await on.executor.start(spec);
  let output = '';
  for await (const chunk of execution.output) output += Buffer.from(chunk).toString();
  const record = await execution.egress();
  await execution.cleanup();
  // As the log of the step has it.
  if (record !== null)
    output += describeRefusals(record)
      .map((line) => `[slipway] ${line}\n`)
      .join('');
  return { output, record };
}

const get = (url: string): string => `curl -sS -m 5 ${url} 2>&1 || echo "failed $?"`;
const found = (record: EgressRecord | null, target: string) =>
  record?.entries.find((entry) => entry.target === target);

here('what a step asks of the network', () => {
  beforeAll(async () => {
    web = createServer((_request, response) => response.end('served')).listen(0, '0.0.0.0');
    await once(web, 'listening');
    port = (web.address() as AddressInfo).port;
    names = answerNames();
    names.bind(0, '127.0.0.1');
    await once(names, 'listening');
    servers = dns.getServers();
    dns.setServers([`127.0.0.1:${String(names.address().port)}`]);
    bench = await openStepBench({
      warmNetworks: 1,
      allowPrivate: [`${own ?? ''}/32`],
    });
  });
  afterAll(async () => {
    dns.setServers(servers);
    await bench.close();
    names.close();
    web.close();
  });

  it('is written down: names, the addresses behind them, how often and how much [A-PIPE-04]', async () => {
    const { output, record } = await run([get(`http://app.example.test:${String(port)}/`)]);
    expect(output).toContain('served');
    expect(output).not.toContain('not allowed');
    expect(found(record, 'app.example.test')).toMatchObject({ kind: 'name', allowed: true });
    const there = found(record, own ?? '');
    expect(there).toMatchObject({
      kind: 'address',
      protocol: 'tcp',
      port,
      allowed: true,
      count: 1,
    });
    expect(there?.names).toEqual(['app.example.test']);
    expect(there?.sentBytes).toBeGreaterThan(100);
    expect(there?.receivedBytes).toBeGreaterThan(100);
    expect(record?.isCut).toBe(false);
  });

  it('is refused at once where it is closed to every step, and said in the log [A-PIPE-04]', async () => {
    const { output, record } = await run([
      get('http://10.9.8.7/'),
      get('http://169.254.169.254/'),
      'bash -c "echo x > /dev/udp/192.168.7.7/53" || true',
    ]);
    expect(output).toMatch(/^\[slipway\] not allowed to reach 10\.9\.8\.7:80 \(tcp\)/m);
    expect(found(record, '10.9.8.7')).toMatchObject({ port: 80, allowed: false, sentBytes: null });
    expect(found(record, '169.254.169.254')).toMatchObject({ port: 80, allowed: false });
  });

  it('is held to the list of its project: that name, that port, nothing else [A-PIPE-04]', async () => {
    const egressAllow = [`app.example.test:${String(port)}`, '*.below.example.test'];
    const { output, record } = await run(
      [
        get(`http://app.example.test:${String(port)}/`),
        get(`http://deep.below.example.test:${String(port)}/`),
        get(`http://other.example.test:${String(port)}/`),
        get('http://198.51.100.9:8080/'),
      ],
      { egressAllow },
    );
    expect(output.match(/^served/gm)).toHaveLength(2);
    expect(output).toContain('Could not resolve host: other.example.test');
    expect(output).toMatch(/^\[slipway\] not allowed to reach other\.example\.test/m);
    expect(output).toMatch(/^\[slipway\] not allowed to reach 198\.51\.100\.9:8080 \(tcp\)/m);
    expect(found(record, 'other.example.test')).toMatchObject({ kind: 'name', allowed: false });
    expect(found(record, '198.51.100.9')).toMatchObject({ kind: 'address', allowed: false });
    expect(found(record, 'app.example.test')).toMatchObject({ allowed: true });
  });

  it('lets a name with a port through whose address another line opened whole before [A-PIPE-04]', async () => {
    const { output, record } = await run(
      [
        get(`http://whole.example.test:${String(port)}/`),
        get(`http://app.example.test:${String(port)}/`),
      ],
      { egressAllow: ['whole.example.test', `app.example.test:${String(port)}`] },
    );
    expect(output.match(/^served/gm)).toHaveLength(2);
    expect(found(record, 'app.example.test')).toMatchObject({ allowed: true });
  });

  it('does not go round the list by an address, another port or another name server [A-PIPE-04]', async () => {
    const { output } = await run(
      [
        get(`http://${own ?? ''}:${String(port)}/`),
        `curl -sS -m 5 --resolve app.example.test:${String(port)}:${own ?? ''} http://app.example.test:${String(port)}/ 2>&1 || echo no`,
        'timeout 3 bash -c "echo x > /dev/udp/198.51.100.53/53" || echo no server',
      ],
      { egressAllow: ['app.example.test:9'] },
    );
    expect(output).not.toMatch(/^served/m);
    expect(output).toMatch(/not allowed to reach 198\.51\.100\.53:53 \(udp\)/);
  });

  it('may be a range, and an empty list lets nothing out [A-PIPE-04]', async () => {
    const command = [get(`http://${own ?? ''}:${String(port)}/`)];
    const allowed = await run(command, { egressAllow: [`${own ?? ''}/32:${String(port)}`] });
    expect(allowed.output).toContain('served');
    const closed = await run(command, { egressAllow: [] });
    expect(closed.output).not.toMatch(/^served/m);
  });

  it('begins anew with each step, whatever the one before was allowed [A-PIPE-04]', async () => {
    for (const egressAllow of [[], null, [`app.example.test`], null]) {
      const { output, record } = await run([get(`http://app.example.test:${String(port)}/`)], {
        egressAllow,
      });
      const isOpen = egressAllow === null || egressAllow.length > 0;
      expect(/^served/m.test(output)).toBe(isOpen);
      expect(found(record, 'app.example.test')).toMatchObject({ allowed: isOpen });
      expect(found(record, '10.9.8.7')).toBeUndefined();
    }
  });

  it('is nothing where the step has no network', async () => {
    const { record } = await run(['true'], { network: 'none' });
    expect(record).toBeNull();
  });

  it('is not opened where a list cannot be kept: the step has no network then, and its log says why', async () => {
    const plain = await openStepBench({ egress: false, warmNetworks: 1 });
    try {
      const { output } = await run([get('http://10.0.2.3/')], { egressAllow: [] }, plain);
      expect(output).toContain(
        "[slipway] no network: the project's list of what steps may reach cannot be kept",
      );
    } finally {
      await plain.close();
    }
  });
});
