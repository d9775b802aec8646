import type { DestinationStream } from 'pino';
import { visibleLine } from '../../contracts/shared/plain-text.ts';

/** Turns the logger's JSON lines into `time LEVEL message key=value …` for people. */
export function textLines(to: DestinationStream): DestinationStream {
  return {
    write(line: string) {
      to.write(`${toText(JSON.parse(line) as Record<string, unknown>)}\n`);
    },
  };
}

/** What JSON leaves as it is though a terminal acts on it: DEL, C1, line separators, directions of writing. By number, to hold none. */
const unescaped = new RegExp(
  '[\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]',
  'gu',
);

/** The logger's JSON lines with every such character escaped, which means the same to whoever parses them. */
export function visibleLines(to: DestinationStream): DestinationStream {
  return {
    write(line: string) {
      to.write(
        line.replace(
          unescaped,
          (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
        ),
      );
    },
  };
}

function toText({ time, level, msg, pid: _, ...fields }: Record<string, unknown>): string {
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${valueText(value)}`);
  return [
    String(time),
    String(level).toUpperCase().padEnd(5),
    visibleLine(oneLine(typeof msg === 'string' ? msg : '')),
    ...rest,
  ].join(' ');
}

function valueText(value: unknown): string {
  if (typeof value === 'string' && /^[\w./:@+-]+$/.test(value)) return value;
  // JSON leaves DEL, C1 and the directions of writing as they are
  return visibleLine(JSON.stringify(value));
}

/** A line break in a message would let whoever wrote it forge a line. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ⏎ ');
}
