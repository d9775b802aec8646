import { parseArgs, type ParseArgsConfig } from 'node:util';
import { CliError } from './cli-error.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** What a command takes. `settings`: `--key value` for any setting, which the configuration's own reader checks. */
export interface Command {
  /** resolves with the exit code; `undefined` leaves it to what it became */
  run: (args: readonly string[]) => Promise<number | undefined>;
  /** one line */
  help: string;
  /** behind its name: `<folder> [--with-key]` */
  takes?: string;
  settings?: true;
  /** own options, for a command without settings: others are refused */
  options?: Options;
  /** most words that are no options, for a command without settings */
  words?: number;
}

export type Commands = Readonly<Record<string, Command>>;

const wrongCommandLine = 2;
const helpOption = { help: { type: 'boolean', short: 'h' } } as const;
const settingsHelp = 'Settings: environment, file or --key value; see `slipway config`.';

/**
 * Finds the command, checks what is given to it and runs it. Help and version start nothing.
 * @param words the command line behind `slipway`
 * @param print told help and version
 * @returns its exit code, `undefined` when a server took over this process
 * @throws CliError with exit code 2 for what is no command, no option or one word too many
 */
export async function dispatch(
  words: readonly string[],
  commands: Commands,
  { version, print }: { version: string; print: (text: string) => void },
): Promise<number | undefined> {
  const [first = '', ...rest] = words;
  if (first === '') {
    print(usageOfAll(commands));
    return wrongCommandLine;
  }
  if (first.startsWith('-') || first === 'help') {
    const asked = first === 'help' ? ['--help', ...rest] : words;
    const { values, positionals } = parse(asked, {
      ...helpOption,
      version: { type: 'boolean', short: 'v' },
    });
    if (positionals.length > 0 && values['help'] !== true) {
      throw wrong(`'${first}' comes before a command`, usageOfAll(commands));
    }
    print(values['help'] === true ? usageOf(positionals, commands) : version);
    return 0;
  }
  const { name, command, args } = find(words, commands);
  if (command === null || asksHelp(args)) {
    print(usageOf(name.split(' '), commands));
    return 0;
  }
  if (command.settings !== true) check(args, name, command);
  return command.run(args);
}

/** @throws CliError for a word that no command begins with */
function find(
  words: readonly string[],
  commands: Commands,
): { name: string; command: Command | null; args: readonly string[] } {
  const [first = '', second = ''] = words;
  const pair = commands[`${first} ${second}`];
  if (pair) return { name: `${first} ${second}`, command: pair, args: words.slice(2) };
  const single = commands[first];
  if (single) return { name: first, command: single, args: words.slice(1) };
  const isNoun = Object.keys(commands).some((name) => name.startsWith(`${first} `));
  if (isNoun && asksHelp(words)) return { name: first, command: null, args: [] };
  const said = words.slice(0, isNoun ? 2 : 1).join(' ');
  throw wrong(`'${said}' is not a command`, usageOf(isNoun ? [first] : [], commands));
}

/** Unknown options are the settings': only help is looked for, in front of a `--`. */
function asksHelp(args: readonly string[]): boolean {
  return parseArgs({ args: [...args], options: helpOption, strict: false }).values['help'] === true;
}

function check(args: readonly string[], name: string, command: Command): void {
  const usage = `Usage:\n${lineOf(name, command)}`;
  const { positionals } = parse(args, command.options ?? {}, usage);
  const extra = positionals[command.words ?? 0];
  if (extra !== undefined) throw wrong(`'${extra}' is one word too many`, usage);
}

function parse(args: readonly string[], options: Options, usage = 'See `slipway --help`.') {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('ERR_PARSE_ARGS')) throw error;
    // its further sentences tell how to write a word that begins with a dash
    throw wrong(message.split('. ')[0] ?? message, usage);
  }
}

function wrong(what: string, usage: string): CliError {
  return new CliError(`${what}.\n\n${usage}`, wrongCommandLine);
}

/** Help for one command, for the commands of a noun, or for all when nothing fits. */
function usageOf(words: readonly string[], commands: Commands): string {
  const name = words.join(' ');
  const fitting = Object.entries(commands).filter(
    ([other]) => name !== '' && (other === name || other.startsWith(`${name} `)),
  );
  const [only] = fitting;
  if (only === undefined) return usageOfAll(commands);
  const lines = ['Usage:', ...fitting.map(([other, command]) => lineOf(other, command))];
  if (fitting.some(([, command]) => command.settings)) lines.push('', settingsHelp);
  return lines.join('\n');
}

function usageOfAll(commands: Commands): string {
  const lines = Object.entries(commands).map(([name, command]) => lineOf(name, command));
  const own = ['  slipway <command> --help', '  slipway --version'];
  return ['Usage:', ...lines, ...own, '', settingsHelp].join('\n');
}

function lineOf(name: string, { help, takes }: Command): string {
  const shown = takes === undefined ? help : `${help}: ${takes}`;
  return `  slipway ${name.padEnd(15)} ${shown}`;
}
