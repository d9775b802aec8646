import type { Socket } from 'node:net';
import type { EndReason, Execution, ExecutionResult, ExecutionSpec } from '../executor/executor.ts';
import type { EgressRecord } from '../../contracts/pipeline/egress.ts';
import type { StepGroup } from './control-group.ts';
import { descendantsOf, hasEnded } from './instance.ts';
import type { Sandbox } from './launch.ts';

export interface ExecutionParts {
  spec: ExecutionSpec;
  sandbox: Sandbox;
  group: StepGroup | null;
  diskFull: () => Promise<boolean>;
  graceMs: number;
  /** lines of our own that go before the step's output */
  notes: readonly string[];
  /** `clean`: every process is known to be gone */
  release: (clean: boolean) => Promise<void>;
  /** what it asked of the network; asked once it is gone */
  record: () => Promise<EgressRecord | null>;
  log: (message: string) => void;
}

const checkEveryMs = 500;
const signals = new Map([
  [1, 'SIGHUP'],
  [2, 'SIGINT'],
  [3, 'SIGQUIT'],
  [6, 'SIGABRT'],
  [9, 'SIGKILL'],
  [11, 'SIGSEGV'],
  [13, 'SIGPIPE'],
  [15, 'SIGTERM'],
  [25, 'SIGXFSZ'],
]);

/** Follows one sandbox from its start to the end of its last process. */
export function followSandbox(parts: ExecutionParts): Execution {
  const { spec, sandbox } = parts;
  const startedAt = performance.now();
  const state: { reason: EndReason | null; read: boolean } = { reason: null, read: false };
  let released: Promise<void> = Promise.resolve();
  const stop = async (reason: EndReason, graceMs: number): Promise<void> => {
    if (state.reason !== null && graceMs > 0) return;
    state.reason ??= reason;
    if (graceMs > 0 && (await signalAll(sandbox, 'SIGTERM'))) {
      if (await endsWithin(sandbox, graceMs)) return;
    }
    await killAll(sandbox);
  };
  const deadline = setTimeout(() => void stop('timeout', parts.graceMs), spec.timeoutMs);
  const checks = watchLimits(parts, (reason) => void stop(reason, 0));
  const finish = async (): Promise<ExecutionResult> => {
    const { code, problem } = await sandbox.ended;
    const durationMs = performance.now() - startedAt;
    clearTimeout(deadline);
    checks.stop();
    const clean = await waitForInit(sandbox);
    const hit = await limitHit(parts, code);
    if (code === null && state.reason === null) parts.log(`step ${spec.id}: ${problem}`);
    // Nobody waits for the kernel to take a control group down, but `cleanup` does.
    released = parts.release(clean).catch((error: unknown) => parts.log(String(error)));
    const reason = state.reason ?? hit ?? (code === null ? 'lost' : 'exited');
    return { exitCode: code, signal: signals.get((code ?? 0) - 128) ?? null, reason, durationMs };
  };
  const result = finish();
  return {
    id: spec.id,
    output: readOutput(sandbox.output, parts.notes, state),
    signal: async (signal) => {
      if (!sandbox.running()) return;
      if (signal === 'SIGKILL') await stop('cancelled', 0);
      else if (signal === 'SIGTERM') await stop('cancelled', parts.graceMs);
      else await signalAll(sandbox, signal);
    },
    wait: () => result,
    egress: () => result.then(parts.record),
    cleanup: async () => {
      await killAll(sandbox);
      await result;
      await released;
      if (!state.read) sandbox.output.destroy();
    },
  };
}

async function* readOutput(
  socket: Socket,
  notes: readonly string[],
  state: { read: boolean },
): AsyncGenerator<Uint8Array> {
  state.read = true;
  if (notes.length > 0) yield Buffer.from(notes.map((note) => `[slipway] ${note}\n`).join(''));
  for await (const chunk of socket) yield chunk as Buffer;
}

/** Every half second: was something killed for memory, was a fork refused, is the disk share used up? */
function watchLimits(
  parts: ExecutionParts,
  exceeded: (reason: EndReason) => void,
): { stop: () => void } {
  let busy = false;
  const check = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      const count = await parts.group?.counters();
      if ((count?.oom ?? 0) > 0) exceeded('oom');
      else if ((count?.pids ?? 0) > 0) exceeded('pids');
      else if (await parts.diskFull()) exceeded('disk');
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => void check(), checkEveryMs);
  return { stop: () => clearInterval(timer) };
}

/** A step that failed by itself may have failed because of a limit that the watch had no time to see. */
async function limitHit(parts: ExecutionParts, code: number | null): Promise<EndReason | null> {
  if (code === 0) return null;
  const count = await parts.group?.counters();
  if ((count?.oom ?? 0) > 0) return 'oom';
  if ((count?.pids ?? 0) > 0) return 'pids';
  const fileTooLarge = code !== null && signals.get(code - 128) === 'SIGXFSZ';
  return fileTooLarge || (await parts.diskFull()) ? 'disk' : null;
}

/** To every process of the step but the sandbox's own; false while there is none yet. */
export async function signalAll(sandbox: Sandbox, signal: NodeJS.Signals): Promise<boolean> {
  if (!sandbox.running()) return false;
  const init = await Promise.race([sandbox.initPid, delay(200).then(() => null)]);
  if (init === null) return false;
  for (const pid of await descendantsOf(init)) sendSignal(pid, signal);
  return true;
}

/** Kills the init of the pid namespace, with which the kernel kills all in it, and bubblewrap itself. */
export async function killAll(sandbox: Sandbox): Promise<void> {
  if (!sandbox.running()) return;
  const init = await Promise.race([sandbox.initPid, delay(50).then(() => null)]);
  if (init !== null && !(await hasEnded(init))) sendSignal(init, 'SIGKILL');
  sandbox.kill();
}

/** bubblewrap may have been killed before its child; the child's end is what counts. */
export async function waitForInit(sandbox: Sandbox): Promise<boolean> {
  const init = await sandbox.initPid;
  if (init === null) return true;
  for (let attempt = 0; attempt < 12; attempt += 1) {
    if (await hasEnded(init)) return true;
    await delay(2 ** attempt);
  }
  return false;
}

export async function endsWithin(sandbox: Sandbox, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const late = delay(ms, timer.signal).then(() => false);
  const ended = await Promise.race([sandbox.ended.then(() => true), late]);
  timer.abort();
  return ended;
}

function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}
