import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const cache = join(root, 'node_modules/.cache/slipway');

/** Source of all workflows, and the file whose exports are the workflow types. */
export const workflowsPath = join(root, 'workflows/core.bundle.ts');

/**
 * The workflows as a worker runs them, bundled from the source at hand: a stale `dist/` can hide a change. Bundled once for
 * all test files, as it takes seconds of a processor.
 *
 * @returns {Promise<{ code: string }>}
 */
export async function bundleWorkflows() {
  const name = `workflows-${hashOfSource()}.js`;
  const kept = readKept(name);
  if (kept !== null) return { code: kept };
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const interceptors = ['workflows/interceptors.ts', 'workflows/interceptors/index.ts'];
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: interceptors.map((name) => join(root, name)).filter(existsSync),
    failureConverterPath: join(root, 'workflows/interceptors/failure-converter.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  keep(name, code);
  return { code };
}

/** Of all that workflows may import (`npm run walls`), of the packages, and of how they are bundled. */
function hashOfSource() {
  const sources = ['contracts', 'workflows'].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .sort()
      .map((name) => join(root, room, name)),
  );
  const hash = createHash('sha256');
  for (const file of [...sources, join(root, 'package-lock.json'), import.meta.filename]) {
    hash.update(`${file}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/** @param {string} name @returns {string | null} null when nobody has made it yet */
function readKept(name) {
  try {
    return readFileSync(join(cache, name), 'utf8');
  } catch (error) {
    if (error?.code === 'ENOENT') return null;
    throw error;
  }
}

/** In the place of what was bundled from other sources; whole or not at all, for files that ask at the same time. */
function keep(name, code) {
  mkdirSync(cache, { recursive: true });
  const whole = `${name}.${process.pid}`;
  writeFileSync(join(cache, whole), code);
  for (const old of readdirSync(cache)) {
    if (/^workflows-.*\.js$/.test(old)) rmSync(join(cache, old), { force: true });
  }
  renameSync(join(cache, whole), join(cache, name));
}
