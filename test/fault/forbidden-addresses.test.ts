import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createOutboundClient } from '../../adapters/http/outbound-client.ts';
import { createHostResolver, createHostRules } from '../../adapters/http/resolve-host.ts';
import { OutboundError } from '../../contracts/outbound/types.ts';
import { readOpsRepoAddress } from '../../domain/deploy/ops-repo-address.ts';
import { openAttackLedger } from '../support/attack-ledger.ts';
import { type HookReceiver, openHookReceiver } from '../support/receivers.ts';

/** One address out of each range that is not the public internet, then notations of a few of them. */
const v4 = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.254',
  '100.64.0.1',
  '100.127.255.254',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '169.254.0.1',
  '172.16.0.1',
  '172.31.255.254',
  '192.0.0.8',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.1',
  '192.168.255.254',
  '198.18.0.1',
  '198.19.255.254',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '239.255.255.250',
  '240.0.0.1',
  '255.255.255.255',
];
const v6 = [
  '::',
  '::1',
  '::2',
  'fe80::1',
  'febf::1',
  'fec0::1',
  'fc00::1',
  'fd12:3456::1',
  'ff02::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '2002:a00:1::1',
  '3fff::1',
  '64:ff9b::7f00:1',
  '64:ff9b::a00:1',
  '64:ff9b:1::1',
  '5f00::1',
];
const notations = [
  '0x7f.0.0.1',
  '0x7f000001',
  '2130706433',
  '017700000001',
  '127.1',
  '0177.0.0.01',
  '10.1',
  '0xa9fea9fe',
  '2852039166',
  '192.168.257',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::ffff:10.0.0.1]',
  '[::ffff:a9fe:a9fe]',
  '[::ffff:c0a8:1]',
  '[0:0:0:0:0:0:0:1]',
  '[0000:0000:0000:0000:0000:ffff:7f00:0001]',
  '[::127.0.0.1]',
  '127。0。0。1',
  '１２７.0.0.1',
];
const hosts = [...v4, ...v6.map((address) => `[${address}]`), ...notations];
const ledger = openAttackLedger('outbound-addresses', 'every range and notation');

let hook: HookReceiver;
beforeAll(async () => {
  hook = await openHookReceiver();
});
afterAll(async () => {
  ledger.close();
  await hook.close();
});

const isRefusal = (error: unknown) => error instanceof OutboundError && error.isRefused;

describe('an address outside of the public internet', () => {
  const port = () => new URL(hook.url).port;
  it.each(hosts)('is not called for a webhook: %s [A-NOT-04]', async (host) => {
    const client = createOutboundClient({ allowHosts: ['192.0.2.200'], timeoutMs: 5000 });
    const error: unknown = await client
      .post(`http://${host}:${port()}/`, { headers: {}, body: '{}' })
      .catch((thrown: unknown) => thrown);
    const held = isRefusal(error) && hook.received.length === 0;
    ledger.note(held);
    expect([host, held]).toEqual([host, true]);
  });

  it.each(hosts)('is no ops repository: %s [A-DEP-04]', (host) => {
    const rules = { publicUrl: 'https://slipway.example', hosts: createHostRules([]) };
    const read = () => readOpsRepoAddress(`https://${host}/team/ops.git`, rules);
    let held = false;
    try {
      // a path of that form on another host is still foreign, and its host is judged
      read();
    } catch {
      held = true;
    }
    ledger.note(held);
    expect([host, held]).toEqual([host, true]);
  });

  it.each([...v4, ...v6])(
    'is not where the name of an ops repository may lead: %s [A-DEP-04]',
    async (address) => {
      const resolve = createHostResolver([], () => Promise.resolve(['93.184.216.34', address]));
      const error: unknown = await resolve('git.example').catch((thrown: unknown) => thrown);
      ledger.note(isRefusal(error));
      expect([address, isRefusal(error)]).toEqual([address, true]);
    },
  );
});

describe('the same checks', () => {
  it('let through what is public, so that they do not hold by refusing everything', async () => {
    const rules = { publicUrl: 'https://slipway.example', hosts: createHostRules([]) };
    expect(readOpsRepoAddress('https://93.184.216.34/team/ops.git', rules)).toContain('93.184');
    const resolve = createHostResolver([], () => Promise.resolve(['93.184.216.34']));
    expect(await resolve('git.example')).toEqual(['93.184.216.34']);
  });
});
