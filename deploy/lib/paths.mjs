import { fileURLToPath } from 'node:url';
import path from 'node:path';

/** The folder of the clone: everything that is built or installed lies below it. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** @param {...string} parts @returns {string} absolute path within the clone */
export function inRoot(...parts) {
  return path.join(root, ...parts);
}
