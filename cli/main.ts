#!/usr/bin/env node
/** `slipway`: one word, or a noun and a verb. Everything but `demo` and `doctor` works without a running server. */
import { become } from './built.ts';
import { CliError } from './cli-error.ts';
import { backupCreate, backupRestore, backupVerify } from './commands/backup.ts';
import { demo } from './commands/demo.ts';
import { doctor } from './commands/doctor.ts';
import { lintPipeline } from './commands/lint-pipeline.ts';
import { showConfig } from './commands/show-config.ts';

interface Command {
  /** resolves with the exit code; `undefined` leaves it to what it became */
  run: (args: readonly string[]) => Promise<number | undefined>;
  help: string;
}

const turnInto =
  (name: 'api' | 'workers' | 'migrate') =>
  async (args: readonly string[]): Promise<undefined> => {
    await become(name, args);
    return undefined;
  };

const commands: Readonly<Record<string, Command>> = {
  api: { run: turnInto('api'), help: 'serve the API, git and the web' },
  worker: {
    run: turnInto('workers'),
    help: 'run workflows and steps [--queues core,git,build]',
  },
  migrate: { run: turnInto('migrate'), help: 'bring the database up to date' },
  config: { run: showConfig, help: 'show the effective configuration, secrets masked [--json]' },
  doctor: { run: doctor, help: 'look for what is missing or not enforced on this machine' },
  demo: { run: demo, help: 'push the sample project and follow its pipeline' },
  'backup create': { run: backupCreate, help: 'back up all of it while it runs <folder>' },
  'backup verify': { run: backupVerify, help: 'read a backup and compare its sums <folder>' },
  'backup restore': { run: backupRestore, help: 'restore a backup into nothing <folder>' },
  'pipeline lint': {
    run: lintPipeline,
    help: 'check a pipeline definition [file, default .platform.yaml]',
  },
};

function usage(): string {
  const lines = Object.entries(commands).map(
    ([name, { help }]) => `  slipway ${name.padEnd(15)} ${help}`,
  );
  return [
    'Usage:',
    ...lines,
    '',
    'Settings: environment or --key value; see `slipway config`.',
  ].join('\n');
}

/** @returns exit code, `undefined` when a server took over this process */
async function main(words: readonly string[]): Promise<number | undefined> {
  const [first = '', second = ''] = words;
  if (['', 'help', '--help', '-h'].includes(first)) {
    console.log(usage());
    return first === '' ? 2 : 0;
  }
  const pair = commands[`${first} ${second}`];
  if (pair) return pair.run(words.slice(2));
  const single = commands[first];
  if (single) return single.run(words.slice(1));
  throw new CliError(`'${words.slice(0, 2).join(' ')}' is not a command.\n\n${usage()}`, 2);
}

try {
  const code = await main(process.argv.slice(2));
  if (code !== undefined) process.exitCode = code;
} catch (error) {
  // a wrong setting is the user's to put right, everything else is a bug and shows where
  if (error instanceof CliError || (error instanceof Error && error.name === 'ConfigError')) {
    console.error(error.message);
    process.exitCode = error instanceof CliError ? error.exitCode : 78;
  } else throw error;
}
