import type { Config } from '../contracts/config.ts';

/** The parts of the product that lie beside the built command line (see deploy/lib/build-parts.mjs). */
export interface BuiltParts {
  config: {
    loadConfig: (sources: { env: NodeJS.ProcessEnv; args?: readonly string[] }) => Config;
    databaseUrl: (config: Config) => string;
    describeConfig: (config: Config) => Record<string, unknown>;
    ownDatabaseUrl: (home: string) => Promise<string | null>;
    findOwnDatabase: (home: string) => Promise<{ folder: string | null; port: number } | null>;
    socketFile: (folder: string, port: number) => string;
  };
  definition: { parseDefinition: (text: string) => LintResult };
  backup: BackupPart;
  sandbox: { createProcessExecutor: (options: { hostEnv: NodeJS.ProcessEnv }) => SandboxDriver };
}

type Signer = (text: string) => string;
type Signature = 'ours' | 'foreign' | 'none' | 'unknown';

interface BackupPart {
  createBackup: (place: BackupPlace & { withKey: boolean }) => Promise<BackupManifest>;
  restoreBackup: (
    place: BackupPlace & { signal: AbortSignal; trust: boolean },
  ) => Promise<BackupManifest>;
  listBackups: (folder: string, signer: Signer | null) => Promise<ListedBackup[]>;
  verifyBackup: (
    folder: string,
    signer: Signer | null,
  ) => Promise<{ manifest: BackupManifest; files: unknown[]; signature: Signature }>;
  signerOf: (config: Config) => Promise<Signer | null>;
  signatureWords: Record<Signature, string>;
}

export interface ListedBackup {
  name: string;
  createdAt: string | null;
  bytes: number;
  repositories: number;
  verifiedAt: string | null;
  signature: Signature | null;
  problem: string | null;
}

interface BackupPlace {
  config: Config;
  databaseUrl: string;
  folder: string;
  tell: (text: string) => void;
}

interface BackupManifest {
  createdAt: string;
  masterKey: boolean;
}

export type LintResult =
  | { ok: true }
  | { ok: false; faults: { line: number; column: number; path: string; message: string }[] };

export interface SandboxDriver {
  describe(): Promise<SandboxDescription>;
  close(): Promise<void>;
}

export interface SandboxDescription {
  ready: boolean;
  problem: string | null;
  enforced: string[];
  notEnforced: string[];
}

/** Loads a part by name; by address, because the command line shares no source with the server. */
export async function loadBuilt<Name extends keyof BuiltParts>(
  name: Name,
): Promise<BuiltParts[Name]> {
  return (await import(new URL(`./${name}.mjs`, import.meta.url).href)) as BuiltParts[Name];
}

/**
 * Becomes one of the server's processes: its code runs in this process, with signals and exit code its own.
 * @param args what it gets behind its name
 */
export async function become(
  name: 'api' | 'workers' | 'migrate',
  args: readonly string[],
): Promise<void> {
  const file = new URL(`./${name}.mjs`, import.meta.url);
  process.argv.splice(1, process.argv.length, file.pathname, ...args);
  await import(file.href);
}
