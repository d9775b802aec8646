import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { allocatorEnv, nodeFlags } from './lib/node-flags.mjs';
import { parseDefinition } from '../domain/pipeline/definition/parse-definition.ts';

const root = path.resolve(import.meta.dirname, '..');
const read = (name: string) => readFileSync(path.join(root, name), 'utf8');

interface Instruction {
  word: string;
  rest: string;
}

/** Instructions of a Dockerfile with continued lines joined and comments left out. */
function instructions(text: string): Instruction[] {
  const joined = text.replace(/^\s*#.*\n/gm, '').replace(/\\\n\s*/g, ' ');
  return joined
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [word = '', ...rest] = line.trim().split(/\s+/);
      return { word, rest: rest.join(' ') };
    });
}

const ignored = read('.dockerignore').split('\n');
const npmScripts = Object.keys(
  (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts,
);

describe.each(['Dockerfile', 'Dockerfile.claude-runner'])('%s [A-CORE-13]', (name) => {
  const all = instructions(read(name));
  const stages = all
    .filter(({ word }) => word === 'FROM')
    .map(({ rest }) => /^(\S+) AS (\S+)$/.exec(rest)?.slice(1) ?? [rest, '']);

  it('has more than one stage, each named, on a base that can be exchanged', () => {
    expect(stages.length).toBeGreaterThan(1);
    const names = stages.map(([, stage]) => stage);
    expect(new Set(names).size).toBe(names.length);
    for (const [base] of stages) expect(['${NODE_IMAGE}', ...names]).toContain(base);
    expect(all[0]).toMatchObject({
      word: 'ARG',
      rest: expect.stringMatching(/^NODE_IMAGE=\S+:\S+$/),
    });
  });

  it('runs as a user without rights, which is made in the last stage', () => {
    const last = all.slice(all.map(({ word }) => word).lastIndexOf('FROM'));
    const user = last.filter(({ word }) => word === 'USER').at(-1)?.rest ?? 'root';
    expect(user).not.toBe('root');
    expect(
      last.some(
        ({ word, rest }) => word === 'RUN' && rest.includes(`useradd`) && rest.includes(user),
      ),
    ).toBe(true);
  });

  it('copies only what is in the build context, or in an earlier stage', () => {
    for (const { rest } of all.filter(({ word }) => word === 'COPY')) {
      const words = rest.split(' ');
      const from = /^--from=(.+)$/.exec(words[0] ?? '')?.[1];
      const sources = words.slice(from === undefined ? 0 : 1, -1);
      if (from !== undefined) {
        expect(stages.map(([, stage]) => stage)).toContain(from);
        continue;
      }
      for (const source of sources.filter((word) => word !== '.')) {
        expect([source, existsSync(path.join(root, source))]).toEqual([source, true]);
        expect(ignored).toContain(`!${source}`);
      }
    }
  });

  it('carries no secret and no host of ours', () => {
    expect(read(name)).not.toMatch(/(TOKEN|PASSWORD|API_KEY|SECRET)=/);
  });
});

describe('the files that go with the images [A-CORE-13]', () => {
  it('runs the server in a container as `npm start` does, within the same memory [A-CORE-13]', () => {
    const all = instructions(read('Dockerfile'));
    const entry = all.find(({ word }) => word === 'ENTRYPOINT')?.rest ?? '[]';
    expect(JSON.parse(entry)).toEqual(['tini', '--', 'node', ...nodeFlags, '/app/dist/cli.mjs']);
    const env = all.filter(({ word }) => word === 'ENV').map(({ rest }) => rest);
    for (const [name, value] of Object.entries(allocatorEnv))
      expect(env.join(' ').split(' ')).toContain(`${name}=${value}`);
  });

  it('lets every room of the product into the build context', () => {
    const rooms = [
      'activities',
      'adapters',
      'api',
      'cli',
      'contracts',
      'deploy',
      'domain',
      'launch',
      'prisma',
      'web',
      'workers',
      'workflows',
    ];
    for (const room of rooms) expect(ignored).toContain(`!${room}`);
    expect(ignored[0]).toBe('*');
  });

  it('asks for every password in the compose file, and runs the image by commands it knows', () => {
    const { services } = parse(read('compose.yaml'), { merge: true }) as {
      services: Record<string, { command?: string[]; depends_on?: Record<string, unknown> }>;
    };
    const text = read('compose.yaml');
    expect(text).toMatch(/\$\{POSTGRES_PASSWORD:\?/);
    expect(text).toMatch(/\$\{SLIPWAY_MASTER_KEY:\?/);
    for (const [name, command] of [
      ['api', 'api'],
      ['worker', 'worker'],
      ['migrate', 'migrate'],
    ] as const) {
      expect(services[name]?.command).toEqual([command]);
      expect(read('cli/main.ts')).toContain(`  ${command}: {`);
    }
    for (const { depends_on: needs = {} } of Object.values(services)) {
      for (const name of Object.keys(needs)) expect(Object.keys(services)).toContain(name);
    }
  });

  it('has a pipeline of its own that Slipway accepts, of steps that run by hand too', () => {
    const parsed = parseDefinition(read('.platform.yaml'));
    expect(parsed).toMatchObject({ ok: true });
    const { steps } = parse(read('.platform.yaml')) as {
      steps: { name: string; commands: string[]; needs?: string[]; when?: { branch: string } }[];
    };
    for (const command of steps.flatMap((step) => step.commands)) {
      const script = /^npm (?:run )?(\S+)/.exec(command)?.[1] ?? '';
      expect(['ci', ...npmScripts]).toContain(script);
    }
    const image = steps.find((step) => step.commands.includes('npm run image'));
    expect(image).toMatchObject({ needs: ['check', 'test'], when: { branch: 'main' } });
  });

  it('names only npm scripts, and .ci/run, in the task file', () => {
    const { tasks } = parse(read('Taskfile.yml')) as { tasks: Record<string, { cmd: string }> };
    for (const { cmd } of Object.values(tasks)) {
      const script = /^npm (?:run )?(\S+)/.exec(cmd)?.[1];
      if (script === undefined) expect(['.ci/run', 'task --list']).toContain(cmd);
      else expect(npmScripts).toContain(script);
    }
  });
});
