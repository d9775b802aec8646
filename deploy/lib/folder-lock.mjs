import { link, rm, unlink, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isAlive } from './process-identity.mjs';
import { readJson } from './stamps.mjs';

/**
 * Runs work that only one process may do at a time (a build, an install). Waits for the other one; the lock of a
 * process that has died is taken over.
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} work
 * @param {{ timeoutMs?: number }} [options]
 * @returns {Promise<T>}
 */
export async function withLock(file, work, options = {}) {
  const untilMs = Date.now() + (options.timeoutMs ?? 900_000);
  while (!(await tryLock(file))) {
    if (Date.now() > untilMs) throw new Error(`another process holds ${file}`);
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

/** @param {string} file @returns {Promise<boolean>} */
async function tryLock(file) {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, JSON.stringify(identify(process.pid)));
  try {
    // a link is made whole or not at all: no reader ever sees an empty lock
    await link(draft, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    const holder = await readJson(file);
    if (holder && !isAlive(holder)) await rm(file, { force: true });
    return false;
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}
