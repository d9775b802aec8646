import type { DestinationStream } from 'pino';

/** Turns the logger's JSON lines into `time LEVEL message key=value …` for people. */
export function textLines(to: DestinationStream): DestinationStream {
  return {
    write(line: string) {
      to.write(`${toText(JSON.parse(line) as Record<string, unknown>)}\n`);
    },
  };
}

function toText({ time, level, msg, pid: _, ...fields }: Record<string, unknown>): string {
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${valueText(value)}`);
  return [
    String(time),
    String(level).toUpperCase().padEnd(5),
    oneLine(typeof msg === 'string' ? msg : ''),
    ...rest,
  ].join(' ');
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

/** A line break in a message would let whoever wrote it forge a line. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ⏎ ');
}
