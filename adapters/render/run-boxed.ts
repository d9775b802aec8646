import { spawn } from 'node:child_process';
import { DomainError } from '../../contracts/problems.ts';
import { findProgram } from '../sandbox/run-tool.ts';

export interface BoxedRun {
  /** path of the program, the only thing of the machine besides /usr that it sees */
  program: string;
  args: readonly string[];
  /** folder that it sees, read-only, as /work */
  work: string;
  /** where in it to start */
  folder: string;
  timeoutMs: number;
}

export interface BoxedResult {
  code: number | null;
  stdout: string;
  stderr: string;
  /** why it was ended before it was done */
  cut: 'time' | 'output' | null;
}

const MAX_OUTPUT = 8 * 1024 * 1024;
/** Addresses that it may ask for, and bytes of its own among them. */
const MAX_MEMORY = { addresses: 4 * 1024 ** 3, own: 1024 ** 3 };
const view = ['/usr', '/bin', '/lib', '/lib64'];
const environment = {
  PATH: '/usr/bin:/bin',
  HOME: '/tmp',
  HELM_CACHE_HOME: '/tmp/helm',
  HELM_CONFIG_HOME: '/tmp/helm',
  HELM_DATA_HOME: '/tmp/helm',
};

/**
 * Runs a program in a bubblewrap of its own: no network, no files but its own, no environment of ours, limits on time,
 * memory and output. Never runs it plainly.
 * @throws DomainError `unavailable` where there is no bubblewrap
 */
export async function runBoxed(run: BoxedRun): Promise<BoxedResult> {
  const bubblewrap = await findProgram('bwrap');
  if (bubblewrap === null) {
    const missing =
      'Manifests of kustomize and Helm are only rendered in a sandbox: install bubblewrap.';
    throw new DomainError('unavailable', missing);
  }
  const box = [
    ...['--unshare-all', '--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL'],
    ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...view.flatMap((path) => ['--ro-bind-try', path, path]),
    ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
    ...['--ro-bind', run.program, '/tool', '--ro-bind', run.work, '/work'],
    ...['--chdir', run.folder === '' ? '/work' : `/work/${run.folder}`, '--'],
    ...[
      '/usr/bin/prlimit',
      `--as=${MAX_MEMORY.addresses}`,
      `--data=${MAX_MEMORY.own}`,
      '--cpu=60',
      '--nofile=1024',
      '--core=0',
    ],
    ...['/tool', ...run.args],
  ];
  return await new Promise((resolve, reject) => {
    const child = spawn(bubblewrap, box, { stdio: ['ignore', 'pipe', 'pipe'], env: {} });
    const texts = { stdout: '', stderr: '' };
    let cut: BoxedResult['cut'] = null;
    const end = (reason: 'time' | 'output') => {
      cut ??= reason;
      child.kill('SIGKILL'); // what is inside dies with it
    };
    const timer = setTimeout(end, run.timeoutMs, 'time');
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text;
        if (texts[name].length > MAX_OUTPUT) end('output');
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, ...texts, cut });
    });
  });
}
