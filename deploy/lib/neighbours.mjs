import { readFile } from 'node:fs/promises';

/** Accounts of people begin here; above the last one lie `nobody` and those that containers make. */
const firstPerson = 1000;
const lastPerson = 60_000;

/**
 * Names of the other people who may sign in on this machine: what listens on its loopback they reach too.
 * @param {{ uid?: number, file?: string }} [where] a test says another
 * @returns {Promise<string[]>} nobody where the machine does not say
 */
export async function otherPeople({ uid = process.getuid?.() ?? 0, file = '/etc/passwd' } = {}) {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [name = '', , id = '', , , , shell = ''] = line.split(':');
    const isPerson = Number(id) >= firstPerson && Number(id) < lastPerson;
    const maySignIn = shell !== '' && !/\/(nologin|false|sync)$/.test(shell);
    return isPerson && maySignIn && Number(id) !== uid ? [name] : [];
  });
}

/**
 * What is said at the start where others share the machine; null where nobody does.
 * @param {string[]} others
 * @returns {string | null}
 */
export function neighbourWarning(others) {
  if (others.length === 0) return null;
  const more = others.length > 3 ? ` and ${others.length - 3} more` : '';
  const names = `${others.slice(0, 3).join(', ')}${more}`;
  return `Others may sign in on this machine (${names}) and reach Temporal, which asks nobody who they are: they can read no payload and decide nothing, but stop or delay runs. Where that matters, give it a Temporal with client certificates (docs/operations/install.md).`;
}
