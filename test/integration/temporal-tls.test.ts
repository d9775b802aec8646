import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer, type Server } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createSecretBox } from '../../adapters/secret-box/secret-box.ts';
import { createTemporalChecks } from '../../adapters/temporal/check-temporal.ts';
import { connectTemporal, connectWorker } from '../../adapters/temporal/connect-temporal.ts';
import { dataConverter } from '../../adapters/temporal/data-converter.ts';
import { temporalTls } from '../../adapters/temporal/temporal-tls.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { testNamespace } from '../support/temporal.ts';

jest.setTimeout(120_000);

const run = promisify(execFile);
let folder: string;
let server: Server;
let at: { address: string; namespace: string; tlsCaFile: string; tlsServerName: string };
const file = (name: string) => path.join(folder, name);
const ours = () => ({ tlsCertFile: file('ours.crt'), tlsKeyFile: file('ours.key') });

async function authority(name: string): Promise<void> {
  const subject = ['-subj', `/CN=${name}`, '-days', '2', '-nodes', '-newkey', 'rsa:2048'];
  const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)];
  await run('openssl', ['req', '-x509', ...subject, ...out]);
}

async function certificate(name: string, by: string): Promise<void> {
  const request = ['-subj', `/CN=${name}`, '-nodes', '-newkey', 'rsa:2048'];
  const made = ['-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)];
  await run('openssl', ['req', '-new', ...request, ...made]);
  await writeFile(file('ext'), `subjectAltName=DNS:${name}`);
  const signer = ['-CA', file(`${by}.crt`), '-CAkey', file(`${by}.key`), '-CAcreateserial'];
  const signed = ['-in', file(`${name}.csr`), '-out', file(`${name}.crt`), '-days', '2'];
  await run('openssl', ['x509', '-req', ...signer, ...signed, '-extfile', file('ext')]);
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-tls-'));
  for (const name of ['ca', 'other-ca']) await authority(name);
  await certificate('temporal.test', 'ca');
  await certificate('ours', 'ca');
  await certificate('theirs', 'other-ca');
  const behind = await testNamespace();
  const [host = '', port = ''] = behind.address.split(':');
  server = createServer(
    {
      cert: await readFile(file('temporal.test.crt')),
      key: await readFile(file('temporal.test.key')),
      ca: await readFile(file('ca.crt')),
      ...{ requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] },
    },
    (client) => {
      const upstream = connect(Number(port), host);
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        from.on('error', () => to.destroy());
        from.pipe(to);
      }
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const tls = { tlsCaFile: file('ca.crt'), tlsServerName: 'temporal.test' };
  at = { address, namespace: behind.namespace, ...tls };
});
afterAll(async () => {
  server.close();
  await removeFolder(folder);
});

async function health(settings: Parameters<typeof createTemporalChecks>[0]): Promise<string> {
  const checks = createTemporalChecks(settings);
  try {
    return await checks.server();
  } finally {
    await checks.close();
  }
}

describe('a Temporal that asks who comes', () => {
  it('is reached with our certificate by health, clients and workers [A-CFG-01] [A-HLT-01]', async () => {
    const settings = { ...at, ...ours() };
    expect(await health(settings)).toBe('ok');
    const worker = await connectWorker(settings, 5000);
    await worker.close();
    const box = createSecretBox({ kind: 'key', bytes: Buffer.alloc(32, 1), origin: 'configured' });
    const temporal = connectTemporal(settings, { dataConverter: dataConverter(box, 'client') });
    const { count } = await temporal.client.workflow.count();
    expect(count).toBeGreaterThanOrEqual(0);
    await temporal.close();
  });

  it('refuses whoever has none, or one of somebody else, and health says so [A-HLT-01] [B-HLT-02]', async () => {
    const theirs = { tlsCertFile: file('theirs.crt'), tlsKeyFile: file('theirs.key') };
    const { address, namespace } = at;
    for (const settings of [at, { ...at, ...theirs }, { address, namespace }]) {
      await expect(health(settings)).rejects.toThrow();
      await expect(connectWorker(settings, 100)).rejects.toThrow();
    }
  });

  it('is refused itself when its certificate is not signed by whom we expect [A-CFG-01]', async () => {
    const settings = { ...at, ...ours(), tlsCaFile: file('other-ca.crt') };
    await expect(health(settings)).rejects.toThrow();
    await expect(health({ ...at, ...ours(), tlsServerName: 'else.test' })).rejects.toThrow();
  });

  it('says which setting is wrong: a file that is not there, no PEM, or a certificate without its key [A-CFG-01]', async () => {
    await writeFile(file('empty'), 'nothing');
    const say = (settings: object) => () => temporalTls({ ...at, ...settings });
    expect(say({ ...ours(), tlsKeyFile: file('none') })).toThrow(
      /^temporal\.tlsKeyFile: .*none cannot be read \(ENOENT\), expected a PEM file$/,
    );
    expect(say({ tlsCaFile: file('empty') })).toThrow(/^temporal\.tlsCaFile: .*is no PEM file$/);
    expect(say({ tlsCertFile: file('ours.crt') })).toThrow(
      /^temporal\.tlsKeyFile: .* needs its key/,
    );
    expect(temporalTls({ address: 'a:1', namespace: 'b' })).toBeUndefined();
  });
});
