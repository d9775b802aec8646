import { quote } from './launch-plan.ts';

/** One `sh -e` script of a step's commands, each echoed first, stdout and stderr in one stream. */
export function stepScript(commands: readonly string[]): string {
  const lines = ['exec 2>&1'];
  for (const command of commands) {
    lines.push(`printf '%s\\n' ${quote(`$ ${command}`)}`, command);
  }
  return lines.join('\n') + '\n';
}
