import type { Duplex, Readable } from 'node:stream';
import type { EgressRecord } from '../../contracts/pipeline/egress.ts';

/**
 * Where a step runs. One interface for a process sandbox, a container and a pod, so nothing in it speaks of a local
 * process: output is a stream of bytes, the end is a reason, a workspace is a value that the driver knows how to mount.
 */
export interface Executor {
  /**
   * Starts one attempt of one step. The commands run as one `sh -e` script, each echoed as `$ command` first.
   * @throws DomainError `unavailable` when the driver cannot isolate (it never runs a step unisolated),
   *   `validation_failed` for a spec that it cannot run, `conflict` when `spec.id` runs already.
   */
  start(spec: ExecutionSpec): Promise<Execution>;
  /**
   * Reads the files of a workspace whose path matches one of `globs` (`*`, `**`, `?`, `[…]`, `{a,b}`; a folder's name means
   * all beneath it). A symbolic link is followed within the workspace: what it leads to comes under its name; one that leads
   * elsewhere is left out. `told` hears a sentence of each. Ask while nothing runs in the workspace. Files come one after
   * another: a `stream` ends, unread or not, when the next file is asked for.
   * @throws DomainError `unprocessable` when there are more files, or they hold more, than `limits` lets
   */
  collect(
    workspace: WorkspaceMount,
    globs: readonly string[],
    limits?: CollectLimits,
    told?: (line: string) => void,
  ): AsyncIterable<CollectedFile>;
  /** What this driver is and what it enforces on this machine; for `slipway doctor` and the start-up log. */
  describe(): Promise<ExecutorDescription>;
  /** Kills what still runs and gives back what the driver holds (networks, control groups). */
  close(): Promise<void>;
}

/** One attempt of one step. */
export interface ExecutionSpec {
  /** Unique per attempt, `[A-Za-z0-9_.:-]{1,128}`: run, step and attempt in one word. */
  id: string;
  workspace: WorkspaceMount;
  commands: readonly string[];
  /** What the step sees besides the driver's own allow-list (PATH, HOME, CI, LANG, TMPDIR). Values may be secret. */
  env: Readonly<Record<string, string>>;
  /** Used by the container and pod drivers; the process driver notes that it is not used. */
  image: string;
  network: NetworkMode;
  /** Lines of the project's allow-list, see contracts/pipeline/egress.ts; null or absent: all that `egress` means. */
  egressAllow?: readonly string[] | null;
  /** Answers what the step asks of the platform; absent: nothing is answered. */
  service?: StepService;
  /** Wall time of the whole script; then SIGTERM, 3 s of grace, SIGKILL of every process. */
  timeoutMs: number;
  limits: ExecutionLimits;
  /** Relative to the workspace's root; the root when absent. */
  workingDir?: string;
}

/**
 * Takes connections from within the step's own network, where nobody else is, as long as the attempt lives. A step without
 * a network has no way to it.
 */
export interface StepService {
  /** One connection; the driver closes it when the step is gone. Must not throw. */
  connect(connection: Duplex): void;
  /**
   * Variables that lead the step's commands there.
   * @param address `http://<host>` as the step sees it
   * @param others what else the step's environment holds
   */
  env(address: string, others: Readonly<Record<string, string>>): Record<string, string>;
}

/** `egress`: out to public addresses and what the operator allows, never to the host or private ranges. */
export type NetworkMode = 'egress' | 'none';

export interface ExecutionLimits {
  memoryBytes: number;
  /** processes and threads at once */
  pids: number;
  /** cores' worth of time, may be a fraction */
  cpus: number;
  /** growth of the workspace and home in this attempt; also the size of the largest single file */
  diskBytes: number;
  /** where the machine has less disk left than this, a step that holds much of it is ended; default: none */
  leastFreeBytes?: number;
}

/** Sensible for a step that says nothing: 4 GiB, 512 processes, 2 cores, 8 GiB of disk. */
export const defaultLimits: ExecutionLimits = {
  memoryBytes: 4 * 1024 ** 3,
  pids: 512,
  cpus: 2,
  diskBytes: 8 * 1024 ** 3,
};

export interface Execution {
  readonly id: string;
  /**
   * stdout and stderr in the order written; ends when the last process is gone. Read it once, and read it to its end:
   * a reader that stops reading stops the step (back pressure), it loses nothing.
   */
  readonly output: AsyncIterable<Uint8Array>;
  /**
   * SIGTERM cancels: grace and SIGKILL follow as for a timeout, and the reason is `cancelled`. SIGKILL cancels at once.
   * Other signals reach the step's processes and change nothing else. No error when it has ended.
   */
  signal(
    signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT' | 'SIGHUP' | 'SIGUSR1' | 'SIGUSR2',
  ): Promise<void>;
  /** Resolves when every process of the step is gone; may be asked any number of times. Does not reject. */
  wait(): Promise<ExecutionResult>;
  /** What it asked of the network, once it is gone; null where there was none or nothing is recorded. Does not reject. */
  egress(): Promise<EgressRecord | null>;
  /** Kills what is left and frees network, limits and mounts. The workspace is not touched. Safe to repeat. */
  cleanup(): Promise<void>;
}

export interface ExecutionResult {
  /** Of the script; null when it did not end by itself. */
  exitCode: number | null;
  /** The signal that ended the script (`SIGKILL` …), if one did. */
  signal: string | null;
  reason: EndReason;
  durationMs: number;
}

/**
 * `exited`: by itself, see exitCode. `lost`: the machinery under it went away, nothing is known of the outcome.
 * The others say which limit ended it.
 */
export type EndReason = 'exited' | 'timeout' | 'oom' | 'pids' | 'disk' | 'cancelled' | 'lost';

/**
 * A tree that one attempt may change: read-only layers beneath, its own layer on top. Made by `adapters/workspace`;
 * plain JSON, so that it can be passed by value.
 */
export interface WorkspaceMount {
  /** Unique per attempt. */
  id: string;
  /** `overlay`: layers + upper; `directory`: `upper` is the whole tree and `layers` is empty. */
  kind: 'overlay' | 'directory';
  /** Absolute directory that the other paths are relative to. */
  root: string;
  /** Read-only trees, the lowest (the checkout) first. */
  layers: readonly string[];
  /** The attempt's own layer. Like each layer it holds `workspace`, the tree, and it alone also `home`, the HOME. */
  upper: string;
  /** Scratch that the overlay file system asks for; beside `upper`. */
  work: string;
}

/**
 * What may be collected. Bytes are those that a reader gets: a file with holes, or one of many names, takes little of the
 * step's own disk and all of this.
 */
export interface CollectLimits {
  files: number;
  bytes: number;
}

/** Of a step: 10,000 files, which hold as much as the step's disk by default. */
export const defaultCollectLimits: CollectLimits = { files: 10_000, bytes: 8 * 1024 ** 3 };

export interface CollectedFile {
  /** Relative to the workspace's root, `/` between parts. */
  path: string;
  /** bytes */
  size: number;
  /** permission bits, 0 to 0o777 */
  mode: number;
  stream: Readable;
}

export interface ExecutorDescription {
  /** `process`, `container`, `kubernetes` */
  driver: string;
  /** False: `start` refuses; `problem` says why and what to do. */
  ready: boolean;
  problem: string | null;
  /** One sentence each, in plain words: what holds on this machine … */
  enforced: string[];
  /** … and what does not, and why. */
  notEnforced: string[];
}
