#!/usr/bin/env node
/**
 * `npm run image`: builds both container images with the engine that is there, tagged with the commit. With
 * IMAGE_REGISTRY set (and IMAGE_REGISTRY_USER, IMAGE_REGISTRY_PASSWORD where it wants them) it pushes them too.
 * NODE_IMAGE names another base image, for example one on a mirror.
 */
import { spawn } from 'node:child_process';
import { StartFailure } from './lib/failure.mjs';
import { root } from './lib/paths.mjs';
import { bold, fail } from './lib/progress.mjs';
import { findProgram, runCommand } from './lib/run-command.mjs';

/** In this order: the first two need no daemon. */
const engines = ['buildah', 'podman', 'docker'];
const images = [
  { name: 'slipway', file: 'Dockerfile' },
  { name: 'slipway-claude-runner', file: 'Dockerfile.claude-runner' },
];

/** @returns {Promise<string>} */
async function findEngine() {
  for (const name of engines) if (await findProgram(name)) return name;
  throw new StartFailure(
    `Building images needs one of ${engines.join(', ')} on the PATH: install one and try again.`,
  );
}

/** @returns {Promise<string>} the commit, or `local` outside a repository */
async function tagOf() {
  const { code, stdout } = await runCommand('git', ['rev-parse', '--short=12', 'HEAD'], {
    cwd: root,
  });
  return code === 0 ? stdout.trim() : 'local';
}

/**
 * @param {string} engine
 * @param {string[]} args
 * @param {string} [input] for its standard input: a password never becomes an argument
 */
async function run(engine, args, input) {
  process.stdout.write(`${bold(`${engine} ${args.join(' ')}`)}\n`);
  const child = spawn(engine, args, { cwd: root, stdio: ['pipe', 'inherit', 'inherit'] });
  child.stdin.end(input ?? '');
  const code = await new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', () => resolve(1));
  });
  if (code !== 0) throw new StartFailure(`\`${engine} ${args[0]}\` failed, see above.`);
}

async function main() {
  const engine = await findEngine();
  const registry = process.env['IMAGE_REGISTRY'];
  const tag = await tagOf();
  const base = process.env['NODE_IMAGE']
    ? [`--build-arg=NODE_IMAGE=${process.env['NODE_IMAGE']}`]
    : [];
  const names = images.map(({ name }) => `${registry ? `${registry}/` : ''}${name}:${tag}`);
  for (const [index, { file }] of images.entries()) {
    await run(engine, ['build', ...base, '-f', file, '-t', names[index] ?? '', '.']);
  }
  if (!registry) return;
  const { IMAGE_REGISTRY_USER: user, IMAGE_REGISTRY_PASSWORD: password } = process.env;
  if (user && password) {
    const host = registry.split('/')[0] ?? registry;
    await run(engine, ['login', '--username', user, '--password-stdin', host], password);
  }
  for (const name of names) await run(engine, ['push', name]);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof StartFailure)) throw error;
  fail(error.message);
  process.exitCode = 1;
}
