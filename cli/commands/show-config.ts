import { loadBuilt } from '../built.ts';

/** Prints the effective configuration, a key a line, with secrets masked. @returns exit code */
export async function showConfig(args: readonly string[]): Promise<number> {
  const { loadConfig, describeConfig } = await loadBuilt('config');
  const asJson = args.includes('--json');
  const rest = args.filter((arg) => arg !== '--json');
  const values = describeConfig(loadConfig({ env: process.env, args: rest }));
  if (asJson) {
    console.log(JSON.stringify(values, null, 2));
    return 0;
  }
  for (const [key, value] of Object.entries(values)) {
    console.log(`${key} = ${value === null ? '(not set)' : format(value)}`);
  }
  return 0;
}

function format(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
