import { describe, expect, it } from '@jest/globals';
import { createLogger, type LoggerConfig } from './create-logger.ts';
import { withLogFields } from './log-context.ts';
import { redact, redactedKeys } from './redact.ts';

function capture(config: Partial<LoggerConfig> = {}) {
  const lines: string[] = [];
  const log = createLogger(
    { level: 'info', format: 'json', output: 'stdout', addSource: false, sampleRate: 1, ...config },
    { service: 'test' },
    { write: (line) => void lines.push(line) },
  );
  return {
    log,
    lines,
    parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

const canary = 'Canary-9f31';
const actedUpon = /[\p{Cf}\u0080-\u009f]|(?!\n)\p{Cc}/u;

describe('createLogger', () => {
  it('writes one JSON object a line with level name and ISO time, and the ids of the context [A-LOG-01]', () => {
    const { log, parsed } = capture();
    withLogFields({ request_id: 'req_1', trace_id: 'abc', change_id: 'chg_1' }, () => {
      withLogFields({ step_id: 'stp_1' }, () => {
        log.info({ pipeline_id: 'run_1' }, 'step started');
      });
      log.warn({}, 'outside of the step');
    });
    const [first, second] = parsed();
    expect(first).toMatchObject({
      level: 'info',
      service: 'test',
      msg: 'step started',
      request_id: 'req_1',
      trace_id: 'abc',
      change_id: 'chg_1',
      step_id: 'stp_1',
      pipeline_id: 'run_1',
    });
    expect(String(first?.['time'])).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(second).not.toHaveProperty('step_id');
  });

  it('hides debug at info and shows it at debug [A-LOG-02]', () => {
    const quiet = capture();
    quiet.log.debug({}, 'hidden');
    quiet.log.info({}, 'shown');
    expect(quiet.parsed().map((line) => line['msg'])).toEqual(['shown']);
    const loud = capture({ level: 'debug' });
    loud.log.debug({}, 'shown too');
    expect(loud.parsed()[0]).toMatchObject({ level: 'debug' });
  });

  it('writes text when told to, one line each, whatever the message holds [B-LOG-01]', () => {
    const { log, lines } = capture({ format: 'text' });
    log.warn(
      { module: 'api', note: 'two words' },
      'forged\n2026-01-01T00:00:00.000Z ERROR not a line',
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^\S+Z WARN {2}forged ⏎ .* service=test module=api note="two words"\n$/,
    );
    expect(lines[0]?.match(/\n/g)).toHaveLength(1);
  });

  it.each(['json', 'text'] as const)(
    'writes no character as %s that a terminal acts upon, whatever a field holds [B-LOG-01]',
    (format) => {
      const hidden = String.fromCharCode(0x1b, 0x7f, 0x9b, 0x202e, 0x2066);
      const { log, lines } = capture({ format });
      log.warn({ branch: `a${hidden}b` }, `pushed ${hidden}`);
      log.child({ entity: hidden }).warn({}, 'x');
      expect(lines.join('')).not.toMatch(actedUpon);
      if (format === 'json') {
        expect(JSON.parse(lines[0] ?? '')).toMatchObject({ branch: `a${hidden}b` });
      }
    },
  );

  it('names file and line of the caller when told to [B-LOG-01]', () => {
    const { log, parsed } = capture({ addSource: true });
    log.info({}, 'where am I');
    expect(String(parsed()[0]?.['source'])).toMatch(/create-logger\.test\.ts:\d+$/);
  });

  it('keeps about the given share of info lines, and every warning [B-LOG-01]', () => {
    const { log, parsed } = capture({ sampleRate: 0.1 });
    for (let index = 0; index < 2000; index++) log.info({}, 'often');
    for (let index = 0; index < 50; index++) log.warn({}, 'seldom');
    const kept = parsed();
    expect(kept.filter((line) => line['level'] === 'warn')).toHaveLength(50);
    const share = kept.filter((line) => line['level'] === 'info').length / 2000;
    expect(share).toBeGreaterThan(0.05);
    expect(share).toBeLessThan(0.16);
  });

  it('gives children with fixed fields [B-LOG-02]', () => {
    const { log, parsed } = capture();
    const child = log.child({
      module: 'api',
      operation: 'CreateDeployment',
      entity: 'deployment/dep_1',
    });
    child.info({}, 'made');
    expect(parsed()[0]).toMatchObject({
      module: 'api',
      operation: 'CreateDeployment',
      entity: 'deployment/dep_1',
    });
  });

  it('takes every secret key out, at any depth and in any spelling [B-LOG-03]', () => {
    const { log, lines } = capture();
    const twelve = [
      'password',
      'secret',
      'token',
      'api_key',
      'authorization',
      'credential',
      'credit_card',
      'ssn',
      'private_key',
      'access_token',
      'refresh_token',
      'bearer',
    ];
    const flat = Object.fromEntries(twelve.map((key) => [key, canary]));
    const spelled = {
      apiKey: canary,
      'API-KEY': canary,
      accessToken: canary,
      Authorization: [canary],
    };
    const error = Object.assign(new Error('failed'), {
      token: canary,
      cause: { password: { inner: canary } },
    });
    log.info(
      {
        ...flat,
        nested: { list: [{ deep: { ...flat, ...spelled } }] },
        map: new Map([['token', canary]]),
      },
      'one',
    );
    log.child({ password: canary }).error({ err: error }, 'two');
    withLogFields({ secret: canary }, () => {
      log.info({}, 'three');
    });
    expect(lines).toHaveLength(3);
    expect(lines.join('')).not.toContain(canary);
    expect(lines[0]?.match(/\[redacted\]/g)?.length).toBe(12 + 12 + 4 + 1);
  });

  it('takes tokens, credentials and keys out of texts and errors [B-LOG-03]', () => {
    const { log, lines } = capture();
    const texts = [
      `slp_${canary.replace('-', '')}abcdefgh`,
      `Authorization: Bearer ${canary}`,
      `basic ${Buffer.from(`u:${canary}`).toString('base64')}`,
      `postgres://slipway:${canary}@db.internal:5432/slipway`,
      `-----BEGIN PRIVATE KEY-----\n${canary}\n-----END PRIVATE KEY-----`,
    ];
    for (const text of texts) {
      log.info({ text, err: new Error(text) }, text);
      log.error(new Error(text), 'failed');
    }
    const all = lines.join('');
    expect(all).not.toContain(canary);
    expect(all).not.toContain(Buffer.from(`u:${canary}`).toString('base64'));
    expect(all).toContain('db.internal');
  });

  it('survives what cannot be written as JSON', () => {
    const { log, parsed } = capture();
    const circular: Record<string, unknown> = {
      big: 10n,
      bytes: Buffer.from('abc'),
      when: new Date(0),
    };
    circular['self'] = circular;
    log.info({ circular, fn: () => 1, symbol: Symbol('x') }, 'odd');
    expect(parsed()[0]).toMatchObject({
      circular: {
        big: '10',
        bytes: '[3 bytes]',
        when: '1970-01-01T00:00:00.000Z',
        self: '[circular]',
      },
    });
  });
});

describe('redact', () => {
  it('leaves the value that it was given as it is', () => {
    const value = { password: 'x', nested: { token: 'y' } };
    redact(value);
    expect(value).toEqual({ password: 'x', nested: { token: 'y' } });
    expect(redactedKeys.has('password')).toBe(true);
  });
});
