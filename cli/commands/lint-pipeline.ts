import { readFile } from 'node:fs/promises';
import { visibleLine } from '../../contracts/shared/plain-text.ts';
import { CliError } from '../cli-error.ts';
import { loadBuilt } from '../built.ts';

const defaultFile = '.platform.yaml';

/**
 * Checks a pipeline definition without a server.
 * @returns exit code: 0 when it can run, 1 when it has faults
 */
export async function lintPipeline(args: readonly string[]): Promise<number> {
  const file = args[0] ?? defaultFile;
  const { parseDefinition } = await loadBuilt('definition');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'not readable';
    throw new CliError(`${file} cannot be read (${reason}).`);
  }
  const result = parseDefinition(text);
  if (result.ok) {
    console.log(`${file}: no faults`);
    return 0;
  }
  for (const { line, column, path, message } of result.faults) {
    // Names and values in it are the file's, which may be anybody's.
    const what = visibleLine(`${path === '' ? '' : `${path}: `}${message}`);
    console.error(`${file}:${String(line)}:${String(column)}: ${what}`);
  }
  return 1;
}
