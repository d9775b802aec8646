import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Pushes the sample project to a running Slipway and follows its pipeline. @returns exit code */
export function demo(args: readonly string[]): Promise<number> {
  const script = fileURLToPath(new URL('../deploy/demo.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: 'inherit' });
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
    child.once('error', () => resolve(1));
  });
}
