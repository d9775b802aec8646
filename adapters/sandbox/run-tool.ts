import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The only PATH that our own helpers run with, so that a step's PATH never picks a program that runs as root. */
export const trustedPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Absolute path of a program on `path`, or null. */
export async function findProgram(
  name: string,
  path: string = trustedPath,
): Promise<string | null> {
  for (const dir of path.split(delimiter)) {
    if (!dir.startsWith('/')) continue;
    const file = join(dir, name);
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return null;
}

export interface ToolResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a host tool by argument list, never through a shell. Resolves with its exit code; rejects if it is missing. */
export function runTool(
  command: string,
  args: readonly string[],
  { input = '', cwd = '/' }: { input?: string; cwd?: string } = {},
): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      stdio: [input === '' ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: { PATH: trustedPath, LC_ALL: 'C' },
    });
    const collected = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        if (collected[name].length < 1024 * 1024) collected[name] += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...collected }));
    // A tool that ends before it has read its input is told by its exit code, not by EPIPE.
    child.stdin?.on('error', () => undefined).end(input);
  });
}
