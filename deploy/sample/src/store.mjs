import { mkdir, open, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * @typedef {{ slug: string, url: string, createdAt: string, hits: number }} Link
 */

/**
 * Links in memory, with every change appended to a JSON-lines file before it is acknowledged.
 * A crash can cut the last line short; that line was never acknowledged, so it is dropped on the next start.
 */
export class LinkStore {
  /** @type {Map<string, Link>} */
  #links = new Map();
  #file;
  /** Appends go through one chain, so that two requests never interleave their lines. */
  #tail = Promise.resolve();

  constructor(file) {
    this.#file = file;
  }

  /**
   * Opens the store and replays what the file holds.
   *
   * @param {string} path of the JSON-lines file; made with its folder when missing
   */
  static async open(path) {
    await mkdir(dirname(path), { recursive: true });
    const text = await readFile(path, 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
    const store = new LinkStore(await open(path, 'a'));
    for (const line of whole.split('\n')) if (line) store.#apply(JSON.parse(line));
    return store;
  }

  /** @returns {Link | undefined} */
  find(slug) {
    return this.#links.get(slug);
  }

  /** @returns {Link[]} most followed first */
  list() {
    return [...this.#links.values()].sort((a, b) => b.hits - a.hits || (a.slug < b.slug ? -1 : 1));
  }

  /**
   * @param {{ slug: string, url: string }} link
   * @returns {Promise<Link | null>} null when the slug is taken
   */
  async add({ slug, url }) {
    if (this.#links.has(slug)) return null;
    const change = { type: 'added', slug, url, at: new Date().toISOString() };
    // In memory first: of two requests for one slug at the same time, the second must see the first.
    this.#apply(change);
    try {
      await this.#append(change);
    } catch (error) {
      this.#links.delete(slug);
      throw error;
    }
    return this.#links.get(slug) ?? null;
  }

  /** Counts one visit. */
  async hit(slug) {
    const change = { type: 'hit', slug };
    this.#apply(change);
    await this.#append(change);
  }

  /** Waits for what is being written and closes the file. */
  async close() {
    await this.#tail;
    await this.#file.close();
  }

  #append(change) {
    const written = this.#tail.then(() => this.#file.appendFile(`${JSON.stringify(change)}\n`));
    this.#tail = written.catch(() => undefined);
    return written;
  }

  #apply(change) {
    if (change.type === 'added') {
      const { slug, url, at } = change;
      this.#links.set(slug, { slug, url, createdAt: at, hits: 0 });
    } else {
      const link = this.#links.get(change.slug);
      if (link) link.hits += 1;
    }
  }
}
