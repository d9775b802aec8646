import { execFile, execFileSync } from 'node:child_process';
import path from 'node:path';

/** Where the programs lie that use the clients. */
export const programs = path.resolve('test/clients/programs');

export interface Said {
  code: number;
  text: string;
}

/** Runs a program to its end; says what it printed. @param env added to ours */
export function run(
  cwd: string,
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Said> {
  return new Promise((resolve) => {
    const options = { cwd, maxBuffer: 1 << 26, timeout: 600_000, env: { ...process.env, ...env } };
    execFile(command, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127;
      resolve({ code, text: `${stdout}${stderr}` });
    });
  });
}

/** The same for a program that has to end well; what it printed is in the error when it does not. */
export async function mustRun(cwd: string, command: string, ...args: string[]): Promise<void> {
  const { code, text } = await run(cwd, command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${text.slice(-2000)}`);
}

/** Whether a program is on the PATH. */
export function isThere(command: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', `command -v ${command}`]);
    return true;
  } catch {
    return false;
  }
}
