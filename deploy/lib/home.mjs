import { chmod, mkdir, open, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { hardenHome } from '../../adapters/hardening/home.mjs';
import { StartFailure, reasonOf } from './failure.mjs';
import { warn } from './progress.mjs';
import { writeAtomically } from './stamps.mjs';

/**
 * Makes the folder of all data, closes it to other users of the machine, and proves that it can be written to.
 * @param {string} home absolute
 */
export async function openHome(home) {
  const probe = path.join(home, `.probe-${process.pid}`);
  try {
    for (const name of ['logs', 'run']) {
      await mkdir(path.join(home, name), { recursive: true, mode: 0o700 });
    }
    for (const problem of await hardenHome(home)) warn(problem);
    const file = await open(probe, 'w');
    await file.write('x');
    await file.close();
    await rm(probe);
  } catch (error) {
    throw new StartFailure(
      `Cannot write to ${home} (${reasonOf(error)}): make that folder writable, or keep the data elsewhere with \`SLIPWAY_HOME=/a/writable/folder npm start\`.`,
    );
  }
}

/**
 * A random word that is made once and kept so that only its owner reads it.
 * @param {string} file
 * @returns {Promise<string>}
 */
export async function keptSecret(file) {
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (kept.trim() !== '') return kept.trim();
  const secret = randomBytes(24).toString('base64url');
  await writeAtomically(file, `${secret}\n`, 0o600);
  await chmod(file, 0o600);
  return secret;
}
