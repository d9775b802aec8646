import { link, rename, rm, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { StartFailure } from './failure.mjs';
import { endProcess, identify, isAlive } from './process-identity.mjs';
import { readJson, writeAtomically } from './stamps.mjs';

/**
 * One running Slipway over one home: who runs it, and which processes it has started. The record is what lets the
 * guardian, or the next start, clean up after a launcher that was killed.
 * @typedef {import('./process-identity.mjs').ProcessIdentity} ProcessIdentity
 * @typedef {ProcessIdentity & { name: string, signal: NodeJS.Signals }} ChildRecord
 * @typedef {{ launcher: ProcessIdentity, address: string, children: ChildRecord[] }} InstanceRecord
 */

/** The order in which things are stopped: those that use others first. */
export const stopOrder = ['api', 'workers', 'temporal', 'postgres'];

/** How long each may take to stop by itself; together less than 15 s. @type {Record<string, number>} */
export const stopTimeoutsMs = { api: 4_000, workers: 6_000, temporal: 2_000, postgres: 2_500 };

/** @param {string} home */
export function instanceFile(home) {
  return path.join(home, 'run', 'instance.json');
}

/**
 * Takes the home for this process. What a killed run left behind is stopped first.
 * @param {string} home
 * @param {string} address where people will find it
 * @param {(text: string) => void} tell
 * @returns {Promise<InstanceHandle>}
 */
export async function takeInstance(home, address, tell) {
  const file = instanceFile(home);
  /** @type {InstanceRecord} */
  const record = { launcher: identify(process.pid), address, children: [] };
  for (;;) {
    if (await createWhole(file, JSON.stringify(record))) return new InstanceHandle(file, record);
    const other = /** @type {InstanceRecord | null} */ (await readJson(file));
    if (other?.launcher && isAlive(other.launcher)) {
      throw new StartFailure(
        `Slipway already runs here, at ${other.address} (process ${other.launcher.pid}, data in ${home}): use that one, or stop it first with \`kill ${other.launcher.pid}\`.`,
      );
    }
    // renamed, not removed: of two starts at once only one takes it away
    const aside = `${file}.stale.${process.pid}`;
    try {
      await rename(file, aside);
    } catch {
      continue;
    }
    if (JSON.stringify(await readJson(aside)) !== JSON.stringify(other)) {
      // somebody took over between our look and our hand: it is theirs
      await link(aside, file).catch(() => undefined);
      await rm(aside, { force: true });
      continue;
    }
    const stopped = await stopRecorded(other?.children ?? []);
    await rm(aside, { force: true });
    const rest =
      stopped.length > 0 ? `, and stopped what it left running (${stopped.join(', ')})` : '';
    tell(
      `The last run (process ${other?.launcher?.pid ?? 'unknown'}) was killed: took over its lock${rest}`,
    );
  }
}

export class InstanceHandle {
  #file;
  #record;
  #writing = Promise.resolve();

  /** @param {string} file @param {InstanceRecord} record */
  constructor(file, record) {
    this.#file = file;
    this.#record = record;
  }

  /** @param {string} address */
  async setAddress(address) {
    this.#record.address = address;
    await this.#save();
  }

  /**
   * Notes the process that runs under a name now.
   * @param {string} name
   * @param {ProcessIdentity} identity
   * @param {NodeJS.Signals} signal
   */
  async note(name, identity, signal) {
    const others = this.#record.children.filter((child) => child.name !== name);
    this.#record.children = [...others, { ...identity, name, signal }];
    await this.#save();
  }

  async release() {
    await this.#writing;
    await rm(this.#file, { force: true });
  }

  #save() {
    const text = JSON.stringify(this.#record);
    this.#writing = this.#writing.then(() => writeAtomically(this.#file, text));
    return this.#writing;
  }
}

/**
 * Stops recorded processes in order, each with its own signal.
 * @param {ChildRecord[]} children
 * @returns {Promise<string[]>} names of those that still ran
 */
export async function stopRecorded(children) {
  const alive = children.filter(isAlive);
  alive.sort((a, b) => stopOrder.indexOf(a.name) - stopOrder.indexOf(b.name));
  for (const child of alive) {
    await endProcess(child, child.signal, stopTimeoutsMs[child.name] ?? 2_000);
  }
  return alive.map((child) => child.name);
}

/**
 * Makes a file with its content, or not at all.
 * @param {string} file
 * @param {string} content
 * @returns {Promise<boolean>} false when it is there already
 */
async function createWhole(file, content) {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, content);
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}
