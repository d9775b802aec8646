import type { Writable } from 'node:stream';
import { watchDisk } from './disk-watch.ts';
import type { SandboxHost } from './host.ts';
import { launchSandbox } from './launch.ts';

/** A short helper program over one host directory: no network, no environment, nobody's rights. */
export interface ContainedTask {
  directory: string;
  script: string;
  /** writes the program's standard input and ends it */
  feed?: (stdin: Writable) => Promise<void>;
  timeoutMs: number;
  diskBytes: number;
}

/**
 * Runs a helper program to its end, or kills it at its limits.
 * @returns its exit code; null when it was killed, or when its input broke off before it had failed by itself
 */
export async function containTask(
  host: SandboxHost,
  task: ContainedTask,
): Promise<{ code: number | null; output: string }> {
  const sandbox = await launchSandbox(host.context, {
    workspace: null,
    directory: task.directory,
    script: `exec 2>&1\n${task.script}`,
    env: { PATH: host.environment.variables['PATH'] ?? '', LC_ALL: 'C.UTF-8' },
    network: null,
    workingDir: '.',
    fileSizeBytes: task.diskBytes,
    stdin: task.feed === undefined ? 'ignore' : 'pipe',
  });
  const { kill, stdin } = sandbox;
  const deadline = setTimeout(kill, task.timeoutMs);
  const full = watchDisk(task.directory, task.diskBytes);
  const watch = setInterval(() => void full().then((over) => (over ? kill() : undefined)), 500);
  sandbox.output.setEncoding('utf8');
  let output = '';
  sandbox.output.on('data', (text: string) => {
    if (output.length < 64 * 1024) output += text;
  });
  const closed = new Promise((resolve) => sandbox.output.once('close', resolve));
  const fed = stdin === null ? null : feedInput(stdin, task.feed);
  try {
    // Its end is what counts, not that of the feeding, which may wait for ever on an input that nobody reads.
    const { code, problem } = await sandbox.ended;
    await closed;
    const broken = fed?.problem() ?? null;
    if (broken !== null && (code === 0 || code === null)) {
      return { code: null, output: `${output.trim()}\nits input broke off: ${broken}`.trim() };
    }
    return { code: (await full()) ? null : code, output: `${output}${problem}`.trim() };
  } finally {
    clearTimeout(deadline);
    clearInterval(watch);
    stdin?.destroy();
    kill();
  }
}

/** What a writer meets whose reader has closed its end: the reader's exit code says why. */
const closedByReader = new Set([
  'EPIPE',
  'ECONNRESET',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
]);

/** Feeds a program; however that ends, the program's input ends with it. */
function feedInput(stdin: Writable, feed: ContainedTask['feed']): { problem: () => string | null } {
  let problem: string | null = null;
  stdin.on('error', () => undefined);
  const feeding = feed?.(stdin) ?? Promise.resolve();
  feeding
    .catch((error: unknown) => {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== undefined && closedByReader.has(code)) return;
      problem = error instanceof Error ? error.message : String(error);
    })
    .finally(() => stdin.end());
  return { problem: () => problem };
}
