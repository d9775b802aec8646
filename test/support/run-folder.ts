import { execFileSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** What the databases and the log of a whole run take, many times over. */
const roomInMemory = 4 * 1024 ** 3;

/**
 * In memory where the system has a folder there: a database for each file of tests is some 300 files that come and go, and
 * finding a number for each new one took ext4 a tenth of all processor time of the tests. Benches stay on the disk.
 */
function temporaryFolder(): string {
  if (process.env['NODE_ENV'] !== 'test') return tmpdir();
  const inMemory = '/dev/shm';
  try {
    accessSync(inMemory, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(inMemory);
    return bavail * bsize >= roomInMemory ? inMemory : tmpdir();
  } catch {
    // a system that has none
    return tmpdir();
  }
}

/** Below a folder for temporary files of all users, because the user that Postgres runs as must be able to enter. */
const base = join(temporaryFolder(), `slipway-test-${userInfo().username}`);

/** A folder for the servers of one jest run. It is named after jest's process, so that a leftover can be told. */
export function makeRunFolder(): string {
  removeLeftovers();
  const folder = join(base, `run-${process.pid}-${Date.now().toString(36)}`);
  mkdirSync(folder, { recursive: true });
  chmodSync(base, 0o755);
  chmodSync(folder, 0o755);
  return folder;
}

/** Notes a process that must not outlive the run. */
export function notePid(folder: string, pid: number): void {
  writeFileSync(join(folder, `${pid}.pid`), '');
}

/** The command line of a process, or null when there is none. */
function commandLine(pid: number): string | null {
  try {
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

/** Ends what a killed run left behind, and removes its files. A process counts as ours only if it names our folder. */
function removeLeftovers(): void {
  for (const name of listFolder(base)) {
    const owner = Number(/^run-(\d+)-/.exec(name)?.[1]);
    if (!Number.isInteger(owner) || /jest|node/.test(commandLine(owner) ?? '')) continue;
    const folder = join(base, name);
    for (const file of listFolder(folder)) {
      const pid = Number(/^(\d+)\.pid$/.exec(file)?.[1]);
      if (!Number.isInteger(pid) || !commandLine(pid)?.includes(folder)) continue;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended between the two looks.
      }
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Nothing for a folder that is not there: another run cleans up at the same time. */
function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** What the test files of a run need to know; handed over in a file, because workers are other processes. */
export interface RunState {
  folder: string;
  /** of the database `postgres`, as a user who may create databases */
  databaseUrl: string;
  /** name of the migrated and seeded database that others are copied from */
  templateDatabase: string;
  temporalAddress: string;
  temporalNamespaces: string[];
}

const stateVariable = 'SLIPWAY_TEST_STATE';

export function writeRunState(state: RunState): void {
  const file = join(state.folder, 'state.json');
  writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
  process.env[stateVariable] = file;
}

export function readRunState(): RunState {
  const file = process.env[stateVariable];
  if (file === undefined) throw new Error('the servers for tests are not there: run this by jest');
  return JSON.parse(readFileSync(file, 'utf8')) as RunState;
}
