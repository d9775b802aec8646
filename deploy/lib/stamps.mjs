import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Hash of the content of files, by name and bytes; a file that is not there counts as such.
 * @param {string} base folder the names are relative to
 * @param {string[]} names
 * @returns {Promise<string>} sha256, hex
 */
export async function hashFiles(base, names) {
  const hash = createHash('sha256');
  for (const name of [...new Set(names)].sort()) {
    hash.update(`${name}\0`);
    hash.update(await readFile(path.join(base, name)).catch(() => Buffer.from('(not there)')));
    hash.update('\0');
  }
  return hash.digest('hex');
}

/**
 * All files below some folders, relative to `base`; tests and what is generated are left out.
 * @param {string} base
 * @param {string[]} folders
 * @param {(name: string) => boolean} [accept]
 * @returns {Promise<string[]>}
 */
export async function listFiles(base, folders, accept = () => true) {
  /** @type {string[]} */
  const found = [];
  for (const folder of folders) {
    const entries = await readdir(path.join(base, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const name = path.posix.join(folder, entry.name);
      if (entry.isDirectory()) {
        if (['node_modules', 'dist', 'generated'].includes(entry.name)) continue;
        found.push(...(await listFiles(base, [name], accept)));
      } else if (!/\.test\.tsx?$/.test(name) && accept(name)) {
        found.push(name);
      }
    }
  }
  return found;
}

/** @param {string} file @returns {Promise<any>} parsed JSON, or null when it is missing or broken */
export async function readJson(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
}

let drafts = 0;

/**
 * Writes a file so that a reader sees the old or the new content, never half of it.
 * @param {string} file
 * @param {string | Uint8Array} content
 * @param {number} [mode]
 */
export async function writeAtomically(file, content, mode = 0o644) {
  await mkdir(path.dirname(file), { recursive: true });
  drafts += 1;
  // parts that are built side by side may write the same file
  const draft = `${file}.${process.pid}-${drafts}.draft`;
  await writeFile(draft, content, { mode });
  await rename(draft, file);
}
