import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { readRunState } from './run-folder.ts';

export interface TestNamespace {
  address: string;
  namespace: string;
}

/** As many as a worker may hold, so that there are some for the others, however long their files take. */
const atMost = 3;

/** Which jest worker we are; it runs one test file at a time, so what its earlier files held is free again. */
const workerId = process.env['JEST_WORKER_ID'] ?? '1';

function take(file: string): boolean {
  try {
    const lock = openSync(file, 'wx');
    writeSync(lock, workerId);
    closeSync(lock);
    return true;
  } catch {
    return false;
  }
}

function holderOf(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/**
 * A Temporal namespace that no other test file uses at the same time. Give task queues and workflow ids of your own
 * all the same: an earlier file of this worker may have left workflows in it.
 */
export async function testNamespace(): Promise<TestNamespace> {
  const { folder, temporalAddress: address, temporalNamespaces } = readRunState();
  const fileOf = (namespace: string) => join(folder, `${namespace}.lock`);
  const own = temporalNamespaces
    .filter((namespace) => holderOf(fileOf(namespace)) === workerId)
    .sort((a, b) => statSync(fileOf(a)).mtimeMs - statSync(fileOf(b)).mtimeMs);
  const fresh =
    own.length < atMost
      ? temporalNamespaces.find((namespace) => take(fileOf(namespace)))
      : undefined;
  if (fresh !== undefined) return { address, namespace: fresh };
  const [namespace] = own;
  if (namespace === undefined) throw new Error('more test files at once than namespaces');
  writeFileSync(fileOf(namespace), workerId);
  return { address, namespace };
}
