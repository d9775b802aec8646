import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readStepEnvironment } from './step-environment.ts';

describe('what a step gets of the operator’s settings', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'slipway-home-'));
    const lines = [
      'registry=https://user:pass@npm.example/',
      '@acme:registry = "https://acme.example/npm/"',
      `//npm.example/:_authToken=${'npm_secret'}`,
      '_auth=c2VjcmV0',
      'https-proxy=http://${PROXY_SECRET}@proxy.example:3128',
      'email=a@b.example',
    ];
    writeFileSync(join(home, '.npmrc'), lines.join('\n'));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('keeps the registries of npmrc and no credential', async () => {
    const { npmrc } = await readStepEnvironment({ hostEnv: { HOME: home } }, '/bin');
    expect(npmrc).toContain('registry=https://npm.example/\n');
    expect(npmrc).toContain('@acme:registry=https://acme.example/npm/\n');
    expect(npmrc).not.toMatch(/pass|secret|SECRET|_auth|email|c2Vj/);
  });

  it('passes registry and proxy variables without user names, and no other variable', async () => {
    const hostEnv = {
      HTTPS_PROXY: 'http://me:pw@proxy.example:1',
      AWS_SECRET_ACCESS_KEY: 'no',
      FOO: 'no',
    };
    const { variables, services } = await readStepEnvironment({ hostEnv }, '/bin');
    expect(variables['HTTPS_PROXY']).toBe('http://proxy.example:1');
    expect(variables).not.toHaveProperty('AWS_SECRET_ACCESS_KEY');
    expect(variables).not.toHaveProperty('FOO');
    expect(services).toContain('http://proxy.example:1');
  });

  it('passes what the operator names as it is, and nothing of the settings when told so', async () => {
    const hostEnv = {
      HOME: home,
      FOO: 'http://me:pw@host/',
      HTTPS_PROXY: 'http://proxy.example:1',
    };
    const options = { hostEnv, passEnv: ['FOO'], registrySettings: 'none' } as const;
    const { variables, npmrc } = await readStepEnvironment(options, '/bin');
    expect(variables['FOO']).toBe('http://me:pw@host/');
    expect(variables).not.toHaveProperty('HTTPS_PROXY');
    expect(npmrc).toBe('');
  });

  it('passes no way into a cluster, also when the operator lists it [A-DEP-12]', async () => {
    const hostEnv = {
      HOME: home,
      KUBECONFIG: '/etc/kubeconfig',
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      SLIPWAY_KUBERNETES_KUBECONFIG: '/etc/kubeconfig',
      FOO: 'bar',
    };
    const options = {
      hostEnv,
      passEnv: Object.keys(hostEnv),
      registrySettings: 'inherit',
    } as const;
    const { variables } = await readStepEnvironment(options, '/bin');
    expect(Object.keys(variables).filter((name) => /KUBE/.test(name))).toEqual([]);
    expect(variables['FOO']).toBe('bar');
  });
});
