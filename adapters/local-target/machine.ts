import { chown } from 'node:fs/promises';
import type { WorkspaceMount } from '../executor/executor.ts';
import { makeFolder } from '../hardening/make-folder.ts';
import type { SandboxHost } from '../sandbox/host.ts';
import { stepGid, stepUid } from '../sandbox/options.ts';
import type { OwnPorts } from './host-ports.ts';
import type { ImageStore } from './image-store.ts';

/** Covers secrets in a byte stream; `createMasker` of the domain makes one. */
export interface StreamMasker {
  push(chunk: Buffer): Buffer;
  end(): Buffer;
  /** a whole text on its own */
  text(value: string): string;
}

export type LocalLog = (level: 'info' | 'warn', message: string) => void;

/** What all replicas of a target share. */
export interface Machine {
  /** `unavailable`, with what to install, where this machine cannot isolate a process */
  sandbox(): Promise<SandboxHost>;
  images: ImageStore;
  /** folder of the target */
  root: string;
  kind: WorkspaceMount['kind'];
  masker(values: readonly string[]): StreamMasker;
  /** how much of each replica's output is kept, bytes */
  logBytes: number;
  log: LocalLog;
  /** no Service and no way to a replica is given one of these */
  ownPorts: OwnPorts;
  /** of the deployment's own ConfigMap or Secret; null when it has none of that name */
  data(
    deploymentId: string,
    kind: 'ConfigMap' | 'Secret',
    name: string,
  ): Readonly<Record<string, string>> | null;
  /** names and ways of the deployment's Services, for a process that begins in `enter` */
  services: ServiceGate;
}

export interface ServiceGate {
  /** Opens a way out of a network to each Service of the deployment; the variables that tell of them. */
  open(deploymentId: string, enter: readonly string[]): Promise<OpenedGate>;
}

export interface OpenedGate {
  env: Record<string, string>;
  close(): void;
}

/** Makes a folder that the user in the sandbox owns. */
export async function makeOwned(dir: string, mode = 0o755): Promise<void> {
  await makeFolder(dir, mode);
  if (process.getuid?.() === 0) await chown(dir, stepUid, stepGid);
}
