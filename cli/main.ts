#!/usr/bin/env node
/** `slipway`: one word, or a noun and a verb. Everything but `demo` and `doctor` works without a running server. */
import { readFileSync } from 'node:fs';
import { become } from './built.ts';
import { CliError } from './cli-error.ts';
import { backupCreate, backupList, backupRestore, backupVerify } from './commands/backup.ts';
import { demo } from './commands/demo.ts';
import { doctor } from './commands/doctor.ts';
import { lintPipeline } from './commands/lint-pipeline.ts';
import { showConfig } from './commands/show-config.ts';
import { type Commands, dispatch } from './dispatch.ts';

const turnInto =
  (name: 'api' | 'workers' | 'migrate') =>
  async (args: readonly string[]): Promise<undefined> => {
    await become(name, args);
    return undefined;
  };

const commands: Commands = {
  api: { run: turnInto('api'), help: 'serve the API, git and the web', settings: true },
  worker: {
    run: turnInto('workers'),
    help: 'run workflows and steps',
    takes: '[--queues core,git,build]',
    settings: true,
  },
  migrate: { run: turnInto('migrate'), help: 'bring the database up to date', settings: true },
  config: {
    run: showConfig,
    help: 'show the effective configuration, secrets masked',
    takes: '[--json]',
    settings: true,
  },
  doctor: {
    run: doctor,
    help: 'look for what is missing or not enforced on this machine',
    settings: true,
  },
  demo: {
    run: demo,
    help: 'push the sample project and follow its pipeline',
    takes: '[--start-only]',
    options: { 'start-only': { type: 'boolean' } },
  },
  'backup create': {
    run: backupCreate,
    help: 'back up all of it while it runs, without the master key unless asked',
    takes: '<folder> [--with-key]',
    options: { 'with-key': { type: 'boolean' } },
    words: 1,
  },
  'backup list': {
    run: backupList,
    help: 'list the backups of a folder: when, how large, when last verified',
    takes: '<folder of backups>',
    words: 1,
  },
  'backup verify': {
    run: backupVerify,
    help: 'read a backup, compare its sums and check its signature',
    takes: '<folder>',
    words: 1,
  },
  'backup restore': {
    run: backupRestore,
    help: 'restore a backup into an empty database and data folder, Slipway stopped',
    takes: '<folder> [--trust]',
    options: { trust: { type: 'boolean' } },
    words: 1,
  },
  'pipeline lint': {
    run: lintPipeline,
    help: 'check a pipeline definition',
    takes: '[file, default .platform.yaml]',
    words: 1,
  },
};

/** The bundle lies in dist/, the source in cli/: the root of the installation is one up from both. */
function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

try {
  const terminal = { version: readVersion(), print: (text: string) => console.log(text) };
  const code = await dispatch(process.argv.slice(2), commands, terminal);
  if (code !== undefined) process.exitCode = code;
} catch (error) {
  // a wrong setting is the user's to put right, everything else is a bug and shows where
  // (by name: it comes out of another bundle, which has classes of its own)
  const isSetting =
    error instanceof Error && ['ConfigError', 'MasterKeyError'].includes(error.name);
  if (error instanceof CliError || isSetting) {
    console.error(error.message);
    process.exitCode = error instanceof CliError ? error.exitCode : 78;
  } else throw error;
}
