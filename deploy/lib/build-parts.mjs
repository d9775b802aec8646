import { existsSync } from 'node:fs';
import { hashFiles, listFiles, readJson, writeAtomically } from './stamps.mjs';
import { inRoot, root } from './paths.mjs';

const stampsFile = inRoot('dist', '.stamps.json');
const toolFiles = [
  'package-lock.json',
  'tsconfig.base.json',
  'deploy/build.mjs',
  'deploy/lib/build-parts.mjs',
  'deploy/lib/query-compiler.mjs',
];

/**
 * A part of the product that is built by itself.
 * @typedef {object} BuildPart
 * @property {string} name
 * @property {'server' | 'workflows' | 'web'} kind
 * @property {string} entry what must exist for there to be anything to build
 * @property {string} output
 * @property {Record<string, string[]>} [names] exports to keep, by file; all of the entry's when left out
 * @property {string[]} [folders] where the sources lie; server parts name their exact inputs in the stamp instead
 */

/** @type {BuildPart[]} */
export const buildParts = [
  { name: 'api', kind: 'server', entry: 'api/main.ts', output: 'dist/api.mjs' },
  { name: 'workers', kind: 'server', entry: 'workers/main.ts', output: 'dist/workers.mjs' },
  {
    name: 'spawner',
    kind: 'server',
    entry: 'adapters/spawner/helper.mjs',
    output: 'dist/spawner.mjs',
  },
  {
    name: 'heavy-thread',
    kind: 'server',
    entry: 'workers/heavy-thread.ts',
    output: 'dist/heavy-thread.mjs',
  },
  { name: 'cli', kind: 'server', entry: 'cli/main.ts', output: 'dist/cli.mjs' },
  { name: 'migrate', kind: 'server', entry: 'prisma/migrate-main.ts', output: 'dist/migrate.mjs' },
  // what the launcher and the command line ask the product's own code
  {
    name: 'config',
    kind: 'server',
    entry: 'adapters/config/load-config.ts',
    output: 'dist/config.mjs',
    names: {
      './adapters/config/load-config.ts': ['loadConfig', 'databaseUrl', 'configuredKeys'],
      './adapters/config/describe-config.ts': ['describeConfig'],
      './adapters/config/own-database.mjs': ['findOwnDatabase', 'ownDatabaseUrl', 'socketFile'],
    },
  },
  { name: 'backup', kind: 'server', entry: 'prisma/backup.ts', output: 'dist/backup.mjs' },
  {
    name: 'search-attributes',
    kind: 'server',
    entry: 'contracts/search-attributes.ts',
    output: 'dist/search-attributes.mjs',
    names: { './contracts/search-attributes.ts': ['searchAttributeTypes'] },
  },
  {
    name: 'definition',
    kind: 'server',
    entry: 'domain/pipeline/definition/parse-definition.ts',
    output: 'dist/definition.mjs',
  },
  {
    name: 'sandbox',
    kind: 'server',
    entry: 'adapters/sandbox/process-executor.ts',
    output: 'dist/sandbox.mjs',
  },
  {
    name: 'workflows',
    kind: 'workflows',
    entry: 'workflows/core.bundle.ts',
    output: 'dist/workflow-bundle.js',
    folders: ['workflows', 'contracts'],
  },
  {
    name: 'web',
    kind: 'web',
    entry: 'web/src/main.tsx',
    output: 'web/dist/index.html',
    folders: ['web', 'contracts'],
  },
];

/**
 * What was read to build a part: exact for server parts (from the bundler), whole folders for the others.
 * @typedef {{ inputs: string[], hash: string }} Stamp
 */

/** @returns {Promise<Record<string, Stamp>>} */
export async function readStamps() {
  return (await readJson(stampsFile)) ?? {};
}

/** @param {Record<string, Stamp>} stamps */
export async function writeStamps(stamps) {
  await writeAtomically(stampsFile, `${JSON.stringify(stamps)}\n`);
}

/**
 * @param {BuildPart} part
 * @param {string[]} inputs
 * @returns {Promise<Stamp>}
 */
export async function stampOf(part, inputs) {
  return { inputs, hash: await hashFiles(root, [...inputs, ...toolFiles]) };
}

/** @param {BuildPart} part @returns {Promise<string[]>} files of a part that is stamped by folder */
export async function folderInputs(part) {
  const files = await listFiles(root, part.folders ?? []);
  return part.kind === 'web' ? [...files, 'api/openapi.d.ts'] : files;
}

/**
 * The parts whose sources differ from what they were built of. Parts that do not exist in this tree are left out.
 * @param {BuildPart[]} [parts]
 * @returns {Promise<BuildPart[]>}
 */
export async function staleParts(parts = buildParts) {
  const stamps = await readStamps();
  const verdicts = await Promise.all(
    parts.map(async (part) => {
      if (!existsSync(inRoot(part.entry))) return false;
      const stamp = stamps[part.name];
      if (!stamp || !existsSync(inRoot(part.output))) return true;
      const inputs = part.folders ? await folderInputs(part) : stamp.inputs;
      return (await stampOf(part, inputs)).hash !== stamp.hash;
    }),
  );
  return parts.filter((_, index) => verdicts[index]);
}
