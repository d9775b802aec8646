import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from './load-config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-load-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fromFile(text: string, env: Record<string, string> = {}) {
  const file = path.join(folder, 'slipway.toml');
  await writeFile(file, text);
  return loadConfig({ env, file });
}

describe('a variable in the configuration file', () => {
  it('stops the start when it is not set, and says which, where and what to do', async () => {
    const text = '[database]\nurl = "${DATABASE_ADDRESS}"\n';
    const problem =
      /slipway\.toml: database\.url: \$\{DATABASE_ADDRESS\} is not set.*\$\{DATABASE_ADDRESS:-default\}/;
    await expect(fromFile(text)).rejects.toThrow(problem);
    await expect(fromFile(text, { DATABASE_ADDRESS: '' })).rejects.toThrow(problem);
    const list = '[server]\ntrustedProxies = ["10.0.0.1", "${PROXY}"]\n';
    await expect(fromFile(list)).rejects.toThrow('server.trustedProxies[1]: ${PROXY} is not set');
  });

  it('takes its default, which may be none', async () => {
    const config = await fromFile('[database]\nurl = "${NONE:-}"\nhost = "${HERE:-db}"\n');
    expect(config.database).toMatchObject({ url: null, host: 'db' });
  });

  it('stops the start when it is written wrong, without showing what follows', async () => {
    const text = '[secrets]\nmasterKey = "${MASTER-KEY} hush"\n';
    const problem = /secrets\.masterKey: found a \$\{ that is no reference, expected \$\{NAME\}/;
    await expect(fromFile(text)).rejects.toThrow(problem);
    await expect(fromFile(text)).rejects.not.toThrow('hush');
  });

  it('may have the prefix of the settings', async () => {
    const config = await fromFile('home = "${SLIPWAY_MY_PLACE}"', { SLIPWAY_MY_PLACE: '/here' });
    expect(config.home).toBe('/here');
  });
});

describe('a name that is no setting', () => {
  const load = (env: Record<string, string>, args: string[] = []) => loadConfig({ env, args });

  it('stops the start when it is in the environment, and says what may be meant', () => {
    expect(() => load({ SLIPWAY_SERVER_PROT: '1' })).toThrow(
      'SLIPWAY_SERVER_PROT in the environment is not a setting of Slipway; did you mean SLIPWAY_SERVER_PORT?',
    );
    const both = { SLIPWAY_MASTERKEY: 'hush-hush', SLIPWAY_SOMETHING_ELSE_ENTIRELY: 'hush-hush' };
    expect(() => load(both)).toThrow(/did you mean SLIPWAY_MASTER_KEY\?\nSLIPWAY_SOMETHING_.*way$/);
    expect(() => load(both)).not.toThrow(/hush/);
  });

  it('says what may be meant by an option and by a key of the file, too', async () => {
    expect(() => load({}, ['--server.prot', '1'])).toThrow('did you mean --server.port?');
    expect(() => load({}, ['--prot=1'])).toThrow('did you mean --port?');
    await expect(fromFile('[server]\nprot = 1\n')).rejects.toThrow('did you mean server.port?');
  });

  it('is let be when it is empty, somebody asked for it, or it is of Kubernetes', () => {
    const { server } = load({
      SLIPWAY_NOTHING: '',
      SLIPWAY_STAGE: 'blue',
      SLIPWAY_EXECUTOR_PASS_ENV: 'SLIPWAY_STAGE',
      SLIPWAY_PORT: 'tcp://10.0.0.1:80',
      SLIPWAY_SERVICE_HOST: '10.0.0.1',
      SLIPWAY_WEB_SERVICE_PORT_HTTP: '80',
      SLIPWAY_WEB_PORT_80_TCP_ADDR: '10.0.0.1',
      SLIPWAY_URL: 'http://127.0.0.1:8080',
    });
    expect(server.port).toBe(8080);
    expect(() => load({ SLIPWAY_PORT: '9000' })).toThrow(/SLIPWAY_PORT .*is not a setting/);
  });
});
