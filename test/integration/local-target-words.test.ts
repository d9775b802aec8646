import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeCanary } from '../support/canaries.ts';
import { packApp } from '../support/deploy-app.ts';
import { dataObject, onceJob, ref, webDeployment } from '../support/deploy-manifests.ts';
import { openLocalBench, scopeOf, type LocalBench } from '../support/local-bench.ts';

const patience = 150_000;

describe('what an application says where people are told why it is not well', () => {
  let bench: LocalBench;
  let image: string;
  const scope = scopeOf('words');
  const short = makeCanary('words');
  const long = `${makeCanary('long')}${'k'.repeat(3000)}`;
  const env = ['SHORT', 'LONG'].map((name) => ({
    name,
    valueFrom: { secretKeyRef: { name: 'keys', key: name.toLowerCase() } },
  }));
  const node = (code: string) => () => ({ image, command: ['node', '-e', code] });

  beforeAll(async () => {
    bench = await openLocalBench();
    image = bench.images.add(packApp());
    await bench.apply(scope, dataObject(scope, 'Secret', 'keys', { short, long }));
  }, patience);
  afterAll(() => bench.close(), patience);

  /** Neither the secret nor a piece of it, one line, and no more than people can read. */
  const isFitToTell = (message: string): void => {
    expect(message).not.toContain(short.slice(0, 12));
    expect(message).not.toContain(long.slice(0, 12));
    expect(message).not.toMatch(/\p{Cc}/u);
    expect(message.length).toBeLessThan(320);
  };

  it.each([
    ['a probe that prints a secret', `printf 'key %s\\n' "$SHORT"; exit 1`, /code 1: key \*\*\*/],
    [
      'one longer than what is told',
      `printf 'key %s and so on\\n' "$LONG"; exit 1`,
      /key \*\*\* and so on/,
    ],
    [
      'one that is torn by what a terminal does not show',
      `printf 'key %s\\033[0m%s' "$(printf %s "$SHORT" | head -c 9)" "$(printf %s "$SHORT" | tail -c +10)"; exit 1`,
      /key \*\*\*/,
    ],
    [
      'one that says much in many colours',
      `printf '\\033[31mred\\033[0m\\007\\r\\n'; yes | head -c 99999; exit 1`,
      /code 1: red y y/,
    ],
  ])(
    'masks and shortens %s [A-PIPE-11] [A-DEP-07]',
    async (_, script, told) => {
      const sick = webDeployment(scope, node(`setInterval(() => {}, 1000)`), 'v1', {
        name: 'sick',
        env,
        container: {
          readinessProbe: {
            exec: { command: ['sh', '-c', script] },
            periodSeconds: 1,
            timeoutSeconds: 9,
          },
        },
        pod: { terminationGracePeriodSeconds: 1 },
      });
      await bench.apply(scope, sick);
      isFitToTell((await bench.tells(scope, sick, told)).message);
      await bench.target().remove(scope, ref(sick));
    },
    patience,
  );

  it(
    'tells nothing of what an application answers to a probe over HTTP [A-PIPE-11]',
    async () => {
      const code = `require('node:net').createServer((s) => s.end('HTTP/1.1 500 ' + process.env.SHORT + '\\r\\n' + process.env.SHORT + ': ' + process.env.LONG + '\\r\\n\\r\\n')).listen(8080)`;
      const sick = webDeployment(scope, node(code), 'v1', { name: 'http', env });
      await bench.apply(scope, sick);
      isFitToTell((await bench.tells(scope, sick, /GET \/ready/)).message);
      await bench.target().remove(scope, ref(sick));
    },
    patience,
  );

  it(
    'masks why a Job failed, which is kept [A-PIPE-11]',
    async () => {
      const job = onceJob(scope, () => ({ image, command: ['sh', '-c', 'exit 3'] }), {
        name: 'job',
        backoffLimit: 0,
      });
      await bench.apply(scope, job);
      isFitToTell(await bench.reaches(scope, job, 'degraded'));
    },
    patience,
  );
});
