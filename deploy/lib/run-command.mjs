import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';

const tailBytes = 8_000;

/** @type {Set<import('node:child_process').ChildProcess>} */
const active = new Set();
// whoever ends us in the middle of a long build does not want it to go on alone
process.on('exit', () => {
  for (const child of active) child.kill('SIGTERM');
});

/**
 * Runs a command by argument vector, never through a shell.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, show?: boolean, heard?: (text: string) => void, uid?: number, gid?: number, signal?: AbortSignal }} [options]
 *   `show` lets the command write to the terminal itself; `heard` is told what comes on its standard error; `signal` asks it to end, and it is waited for
 * @returns {Promise<{ code: number, tail: string, stdout: string }>} code -1 when it could not run or ran out of time
 */
export function runCommand(command, args, options = {}) {
  return new Promise((resolve) => {
    let tail = '';
    let stdout = '';
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      uid: options.uid,
      gid: options.gid,
      stdio: options.show ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    });
    active.add(child);
    const end = () => child.kill('SIGTERM');
    options.signal?.addEventListener('abort', end, { once: true });
    if (options.signal?.aborted) end();
    child.once('exit', () => active.delete(child));
    const keep = (/** @type {Buffer} */ chunk) => {
      tail = (tail + chunk.toString('utf8')).slice(-tailBytes);
    };
    child.stdout?.on('data', (chunk) => {
      keep(chunk);
      stdout = (stdout + chunk.toString('utf8')).slice(-1_000_000);
    });
    child.stderr?.on('data', (chunk) => {
      keep(chunk);
      options.heard?.(chunk.toString('utf8'));
    });
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => child.kill('SIGKILL'), options.timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve({ code: -1, tail: error.message, stdout });
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? -1, tail, stdout });
    });
  });
}

/**
 * Where a program lies on the PATH.
 * @param {string} name
 * @param {string} [searchPath] folders to look in, as in PATH
 * @returns {Promise<string | null>}
 */
export async function findProgram(name, searchPath = process.env['PATH'] ?? '') {
  for (const folder of searchPath.split(path.delimiter).filter(Boolean)) {
    const candidate = path.join(folder, name);
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      continue;
    }
  }
  return null;
}

/** @param {string} text @returns {string} the last line that says something, at most 300 characters */
export function lastLine(text) {
  const lines = text.split('\n').map((line) => line.trim());
  return (lines.filter(Boolean).at(-1) ?? '').slice(0, 300);
}
