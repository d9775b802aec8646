/** What a process and its spawner say to each other over the channel between them; one JSON line each. */

/** A child to start. */
export interface SpawnPlan {
  command: string;
  args: readonly string[];
  cwd: string;
  /** the whole environment of the child */
  env: Readonly<Record<string, string>>;
  /** `stream`: the asker writes it */
  stdin: 'ignore' | 'stream';
  /** `stream`: the asker reads it; `path`: a named pipe that the asker reads */
  stdout: 'stream' | { path: string };
  /** it stays in the asker's process group and session; else it leads a group of its own */
  inOurGroup?: true;
  /** for a child that becomes bubblewrap; see `SandboxPlan` */
  sandbox?: SandboxPlan;
}

/** The rest of a sandbox: bubblewrap reads fd 3 and 5 and tells on fd 4. */
export interface SandboxPlan {
  /** bubblewrap's options, ended by NUL, for fd 3 */
  options: string;
  /** the step's script, for fd 5: given only once the sandbox's life is tied to ours and its limits hold */
  script: string;
  /** `cgroup.procs` of each of its control groups */
  groups: readonly string[];
}

export interface Order {
  id: number;
  plan: SpawnPlan;
}

export type News =
  | { news: 'ready' }
  | { news: 'started'; id: number; pid: number }
  /** host pid of the init of the sandbox's pid namespace */
  | { news: 'init'; id: number; pid: number }
  | ({ news: 'ended'; id: number } & ChildEnd)
  | { news: 'failed'; id: number; message: string; code: string | null };

/** How a child ended. */
export interface ChildEnd {
  /** exit code, null when a signal ended it or nobody knows any more */
  code: number | null;
  /** of a sandbox: the exit code of its script, as bubblewrap tells it */
  scriptCode: number | null;
  /** what it wrote to stderr, the last 8 KiB */
  stderr: string;
}
