import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree } from '../support/git-client.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import { isThere, mustRun, programs, run, type Said } from './run.ts';

interface Generator {
  name: string;
  needs: string[];
  /** into a folder of its own, with all that a client needs to run */
  install(folder: string): Promise<void>;
  /** Makes a client of `openapi.json` in the folder. @returns what it said */
  generate(folder: string): Promise<Said>;
  /** Checks what was made with the tools of its language, and makes it ready. @returns the command of its program */
  prepare(folder: string): Promise<string[]>;
}

const generators: Generator[] = [
  {
    name: 'openapi-python-client',
    needs: ['python3'],
    async install(folder) {
      await mustRun(folder, 'python3', '-m', 'venv', 'env');
      const pinned = ['openapi-python-client==0.29.1', 'ruff==0.17.6'];
      await mustRun(folder, 'env/bin/pip', 'install', '--quiet', ...pinned);
    },
    generate(folder) {
      const where = ['--path', 'openapi.json', '--output-path', 'slipway_client', '--meta', 'none'];
      const bin = path.join(folder, 'env/bin');
      const args = ['generate', '--fail-on-warning', ...where];
      // It has ruff look at what it made, and warns without it.
      const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
      return run(folder, path.join(bin, 'openapi-python-client'), args, env);
    },
    async prepare(folder) {
      await mustRun(folder, 'env/bin/python', '-m', 'compileall', '-q', 'slipway_client');
      await copyFile(path.join(programs, 'openapi_flow.py'), path.join(folder, 'flow.py'));
      return [path.join(folder, 'env/bin/python'), path.join(folder, 'flow.py')];
    },
  },
  {
    name: '@hey-api/openapi-ts',
    needs: ['npm'],
    async install(folder) {
      await writeFile(path.join(folder, 'package.json'), '{"private":true,"type":"module"}');
      const pinned = ['@hey-api/openapi-ts@0.94.5', 'typescript@6.0.3', '@types/node@20.19.43'];
      await mustRun(folder, 'npm', 'install', '--silent', '--no-audit', ...pinned);
    },
    generate(folder) {
      const args = ['-i', 'openapi.json', '-o', 'client', '-c', '@hey-api/client-fetch'];
      return run(folder, path.join(folder, 'node_modules/.bin/openapi-ts'), args);
    },
    async prepare(folder) {
      const flow = path.join(folder, 'flow.mjs');
      await copyFile(path.join(programs, 'openapi-flow.mjs'), flow);
      const language = ['--target', 'es2022', '--lib', 'es2022,dom,dom.iterable'];
      const modules = ['--module', 'esnext', '--moduleResolution', 'bundler', '--types', 'node'];
      const strict = ['--noEmit', '--strict', '--allowJs', '--checkJs'];
      const tsc = path.join(folder, 'node_modules/.bin/tsc');
      await mustRun(folder, tsc, ...strict, ...language, ...modules, 'flow.mjs');
      const outfile = path.join(folder, 'bundle.mjs');
      await build({ entryPoints: [flow], outfile, bundle: true, platform: 'node', format: 'esm' });
      return [process.execPath, outfile];
    },
  },
];

let slipway: Slipway;
let scratch: string;
let document: string;

beforeAll(async () => {
  slipway = await startSlipway();
  scratch = await mkdtemp(path.join(tmpdir(), 'slipway-generated-'));
  document = await (await fetch(`${slipway.baseUrl}/openapi.json`)).text();
});

afterAll(async () => {
  await slipway.stop();
  await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
});

const definition = 'on: [push]\nsteps:\n  - { name: hello, image: any, commands: [echo hello] }\n';

/** Pushes main, which has a pipeline, and a branch beside it. */
async function pushBranches(project: string): Promise<void> {
  const tree = await makeWorkTree(`${slipway.baseUrl}/admin/${project}.git`, slipway.adminToken);
  try {
    await tree.write({ '.platform.yaml': definition });
    await tree.commit('first');
    await tree.git('push', '-q', 'origin', 'main');
    await tree.git('checkout', '-q', '-b', 'topic');
    await tree.commit('second');
    await tree.git('push', '-q', '-o', 'ci.skip', 'origin', 'topic');
  } finally {
    await tree.remove();
  }
  await eventually(async () => {
    const list = `/api/v1/projects/admin/${project}/pipelines`;
    const { body } = await slipway.request('GET', list);
    return (body as { items: unknown[] }).items.length === 1 ? true : undefined;
  });
}

describe.each(generators)('$name', ({ name, needs, install, generate, prepare }) => {
  const missing = needs.filter((command) => !isThere(command));
  const test = missing.length === 0 ? it : it.skip;
  const project = name.replace(/\W+/g, '-').toLowerCase().replace(/^-/, '');
  let folder: string;
  let command: string[];

  beforeAll(async () => {
    if (missing.length > 0) return;
    folder = path.join(scratch, project);
    await mkdir(folder);
    await writeFile(path.join(folder, 'openapi.json'), document);
    await install(folder);
  });

  async function flow(verb: 'begin' | 'review'): Promise<unknown> {
    const [program = '', ...args] = command;
    const { baseUrl, adminToken } = slipway;
    const said = await run(folder, program, [...args, verb, baseUrl, adminToken, 'admin', project]);
    if (said.code !== 0) throw new Error(said.text.slice(-4000));
    return JSON.parse(said.text) as unknown;
  }

  test('makes a client of every operation, without a warning [B-API-08]', async () => {
    const { code, text } = await generate(folder);
    expect({ code, text }).toMatchObject({ code: 0 });
    expect(text).not.toMatch(/warn|error|omitted|skipp/i);
    command = await prepare(folder);
  });

  test('works on issues, page by page, and knows every problem by its type [B-API-09]', async () => {
    expect(await flow('begin')).toEqual({
      project,
      comment: ['Mine', 'admin'],
      pages: [[3, 2], [1]],
      last: null,
      assignees: ['admin', null],
      absent: [404, 'not_found', []],
      invalid: [400, 'validation_failed', ['#/title']],
      again: [409, 'already_exists', []],
      stranger: [401, 'unauthenticated', []],
    });
  });

  test('opens a merge request, reads it with what is null in it, and the pipelines beside it', async () => {
    await pushBranches(project);
    expect(await flow('review')).toEqual({
      mergeRequest: ['open', 'topic', 'admin'],
      unmerged: [null, null, null, null],
      pipelines: [['push', 'refs/heads/main']],
      archive: [0x1f, 0x8b],
    });
  });
});
