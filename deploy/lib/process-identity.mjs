import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A process told apart from a later one with the same pid: the pid and when it started.
 * @typedef {{ pid: number, started: string }} ProcessIdentity
 */

/**
 * When a process started: on Linux boot id and clock ticks, elsewhere what `ps` says. A zombie counts as gone.
 * @param {number} pid
 * @returns {string | null} null when there is no such process
 */
export function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the command's name may hold spaces and brackets: fields are counted from the last bracket
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}:${fields[19] ?? ''}`;
  } catch {
    if (process.platform === 'linux') return null;
  }
  try {
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
    return text.trim() || null;
  } catch {
    return null;
  }
}

/** @param {number} pid @returns {ProcessIdentity} */
export function identify(pid) {
  return { pid, started: startOf(pid) ?? '' };
}

/** @param {ProcessIdentity} identity @returns {boolean} */
export function isAlive(identity) {
  return identity.started !== '' && startOf(identity.pid) === identity.started;
}

/**
 * Waits until a process has ended.
 * @param {ProcessIdentity} identity
 * @param {number} timeoutMs
 * @returns {Promise<boolean>} false when it still runs
 */
export async function waitForEnd(identity, timeoutMs) {
  const untilMs = Date.now() + timeoutMs;
  while (isAlive(identity)) {
    if (Date.now() > untilMs) return false;
    await sleep(25);
  }
  return true;
}

/**
 * Ends a process: the polite signal first, SIGKILL when the time is over.
 * @param {ProcessIdentity} identity
 * @param {NodeJS.Signals} signal
 * @param {number} timeoutMs
 * @returns {Promise<boolean>} true when it ended by itself
 */
export async function endProcess(identity, signal, timeoutMs) {
  if (!isAlive(identity)) return true;
  trySignal(identity.pid, signal);
  if (await waitForEnd(identity, timeoutMs)) return true;
  trySignal(identity.pid, 'SIGKILL');
  await waitForEnd(identity, 2_000);
  return false;
}

/** @param {number} pid @param {NodeJS.Signals} signal */
function trySignal(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // it ended between the look and the signal
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}
