import type { ImageSource } from '../../contracts/deploy/image-source.ts';
import type { SecretBox } from '../../contracts/secret/types.ts';
import type { Spawner } from '../spawner/spawner.ts';
import type { OwnPorts } from './host-ports.ts';
import type { LocalLog, StreamMasker } from './machine.ts';

export interface LocalTargetOptions {
  /** folder of the target, `$SLIPWAY_HOME/apps`; one process at a time works on it */
  root: string;
  images: ImageSource;
  log?: LocalLog;
  /** covers the values of a pod's Secrets in its output; `createMasker` of domain/pipeline */
  masker: (values: readonly string[]) => StreamMasker;
  /** seals Secrets on the disk; without it they are kept in files that only this user may read */
  secretBox?: SecretBox | null;
  /** the environment of this process; only PATH is read */
  hostEnv?: Readonly<Record<string, string | undefined>>;
  /** private ranges that applications may reach, CIDRs */
  allowPrivate?: readonly string[];
  /** ports that the platform listens on or is set to, with what listens there: no application gets one; default: none */
  ownPorts?: OwnPorts;
  /** of each replica's output, bytes; default 256 KiB */
  logBytes?: number;
  /** largest artifact, and largest tree that one unpacks to, bytes; default 2 GiB */
  imageBytes?: number;
  /** how long applications have to end when the target is closed, ms; default 3000 */
  closeGraceMs?: number;
  /** starts the sandboxes; default: one of its own */
  spawner?: Spawner;
  /** where sandboxes keep their scratch; default as for steps */
  runtimeDir?: string;
}
