import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnerHelper } from './steps.ts';
import { bundleForNode } from './bundle.ts';

/** Bundles test/fault/target-runner.ts into a folder, with what belongs beside it. Its path. */
export async function bundleTargetRunner(folder: string): Promise<string> {
  const outfile = join(folder, 'runner.mjs');
  const entry = fileURLToPath(new URL('../fault/target-runner.ts', import.meta.url));
  await bundleForNode(entry, outfile);
  copyFileSync(spawnerHelper, join(folder, 'spawner.mjs'));
  chmodSync(folder, 0o777);
  return outfile;
}

/** Starts it and waits for the address of its application, which is healthy then. */
export async function startTargetRunner(
  runner: string,
  args: readonly string[],
  { before = [], env = process.env }: { before?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<{ child: ChildProcess; url: string }> {
  const [command = '', ...rest] = [...before, process.execPath, runner, ...args];
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'], env });
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.endsWith('\n')) return { child, url: output.trim() };
  }
  throw new Error(`the runner ended before its application was healthy: ${output}`);
}
