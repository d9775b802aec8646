import { RenderRefusal, wayOut } from './faults.ts';
import type { TemplatePiece } from './template-syntax.ts';

/**
 * Splits a template into text and actions, with the line on which each begins. `{{-` and `-}}` take the white space beside
 * them away, comments `{{/* … *\/}}` vanish.
 */
export function splitTemplate(file: string, source: string): TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  let offset = 0;
  let line = 1;
  let trimsNext = false;
  const pushText = (text: string, trimsEnd: boolean) => {
    let kept = trimsEnd ? text.trimEnd() : text;
    let start = line;
    if (trimsNext) {
      const trimmed = kept.trimStart();
      start += newlines(kept.slice(0, kept.length - trimmed.length));
      kept = trimmed;
    }
    if (kept !== '') pieces.push({ kind: 'text', text: kept, line: start });
    line += newlines(text);
  };
  for (;;) {
    const open = nextAction(source, offset);
    if (open === -1) {
      pushText(source.slice(offset), false);
      return pieces;
    }
    const trimsBefore = /^-\s/.test(source.slice(open + 2, open + 4));
    pushText(source.slice(offset, open), trimsBefore);
    const start = open + (trimsBefore ? 3 : 2);
    const close = endOfAction(file, source, start, line);
    const raw = source.slice(start, close);
    trimsNext = /\s-$/.test(raw);
    const text = (trimsNext ? raw.slice(0, -1) : raw).trim();
    if (!text.startsWith('/*')) pieces.push({ kind: 'action', text, line });
    line += newlines(raw);
    offset = close + 2;
  }
}

/** Offset of the next `{{`; that of `${{ secrets.NAME }}` is no action, it is filled in when the object is applied. */
function nextAction(source: string, from: number): number {
  let open = source.indexOf('{{', from);
  while (
    open > 0 &&
    source.charAt(open - 1) === '$' &&
    /^\s*secrets\./.test(source.slice(open + 2, open + 80))
  ) {
    open = source.indexOf('{{', open + 2);
  }
  return open;
}

/** Offset of the `}}` that ends an action; one inside of a quoted text does not count. */
function endOfAction(file: string, source: string, start: number, line: number): number {
  if (source.slice(start).trimStart().startsWith('/*')) {
    const end = source.indexOf('*/', start);
    const close = end === -1 ? -1 : source.indexOf('}}', end);
    if (close === -1) throw new RenderRefusal(file, line, 'the comment is never closed');
    return close;
  }
  let quote = '';
  for (let at = start; at < source.length; at += 1) {
    const char = source.charAt(at);
    if (quote !== '') {
      if (char === '\\' && quote === '"') at += 1;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === '`') {
      quote = char;
    } else if (char === '}' && source.charAt(at + 1) === '}') {
      return at;
    }
  }
  const message = `an action that begins with {{ is never closed with }}. ${wayOut}`;
  throw new RenderRefusal(file, line, message);
}

function newlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
