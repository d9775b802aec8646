import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import type { SandboxHost } from '../sandbox/host.ts';
import { quote } from '../sandbox/launch-plan.ts';
import type { Network } from '../sandbox/network-pool.ts';
import { stepGid, stepUid } from '../sandbox/options.ts';
import { trustedPath } from '../sandbox/run-tool.ts';
import type { AppProcess } from './app-process.ts';

/** Enough to know a secret as a whole that stands in what is shown of it. */
const mostOutput = 64 * 1024;

export interface ExecOptions {
  command: readonly string[];
  env: Readonly<Record<string, string>>;
  workingDir: string;
  timeoutMs: number;
}

/**
 * Runs a command inside of a running sandbox, as its user and under its limits. Its environment goes in by a pipe, so
 * that no process of the host has it.
 * @returns null for exit code 0, else what went wrong with what the command said, which is neither masked nor cut to length
 */
export async function execInside(
  host: SandboxHost,
  app: AppProcess,
  network: Network,
  options: ExecOptions,
): Promise<string | null> {
  const pid = await app.initPid;
  if (pid === null) return 'the process is not running';
  const words = enterWords(host, network, pid);
  const [command = '', ...args] = words;
  const child = spawn(command, args, {
    cwd: '/',
    env: { PATH: trustedPath },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < mostOutput) output += text;
    });
  }
  child.stdin.on('error', () => undefined);
  // The command's own watch ends it inside; this one is for a sandbox that does not even start it.
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs + 5000);
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null)).once('close', resolve);
  });
  // It is told what to run only when the limits hold for it.
  for (const file of app.group?.procs ?? []) {
    await writeFile(file, String(child.pid)).catch(() => child.kill('SIGKILL'));
  }
  child.stdin.end(scriptOf(options));
  const code = await ended;
  clearTimeout(timer);
  if (code === 0) return null;
  const text = output.trim();
  if (code === 137 || code === null)
    return `the command took longer than ${String(options.timeoutMs / 1000)} s`;
  return `the command ended with code ${String(code)}${text === '' ? '' : `: ${text}`}`;
}

/**
 * Every program on the way is the host's, started outside: what lies in the sandbox's view may be the application's, its
 * /usr too. Its user is taken on first, with the three rights that opening and entering namespaces takes, and those go
 * with the last namespace, the user's, before anything of the sandbox is run. bubblewrap puts its processes into a user
 * namespace within the one that its other namespaces belong to, so nsenter enters those first.
 */
function enterWords(host: SandboxHost, network: Network, pid: number): string[] {
  const { nsenter, setpriv } = host.context.tools;
  const words = [nsenter, ...network.enter, '--', setpriv, '--no-new-privs'];
  if (host.context.root) {
    const kept = '-all,+sys_admin,+sys_chroot,+sys_ptrace';
    words.push(`--reuid=${String(stepUid)}`, `--regid=${String(stepGid)}`, '--clear-groups');
    words.push(`--inh-caps=${kept}`, `--ambient-caps=${kept}`, `--bounding-set=${kept}`);
  }
  words.push('--', nsenter, `--target=${String(pid)}`, '--mount', '--pid', '--ipc', '--uts');
  return [...words, '--user', '--preserve-credentials', '--', '/bin/sh', '-s'];
}

function scriptOf({ command, env, workingDir, timeoutMs }: ExecOptions): string {
  const lines = Object.entries(env)
    .filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    .map(([name, value]) => `export ${name}=${quote(value)}`);
  const watched = ['timeout', '-s', 'KILL', String(timeoutMs / 1000), ...command];
  // Ours is closed to others; inside the usual one counts.
  lines.push(
    'umask 022',
    `cd ${quote(workingDir)}`,
    `exec ${watched.map(quote).join(' ')} < /dev/null`,
  );
  return lines.join('\n') + '\n';
}
