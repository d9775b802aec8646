import { refuseAction, RenderRefusal } from './faults.ts';
import { parseExpression, type Place } from './parse-expression.ts';
import { splitTemplate } from './split-template.ts';
import type { Branch, TemplateNode } from './template-syntax.ts';

const MAX_DEPTH = 32;

/** An `if`, `with` or `range` that is still open. */
interface Block {
  word: 'if' | 'with' | 'range';
  branches: Branch[];
  key: string;
  value: string;
  hasElse: boolean;
  line: number;
}

/** Reads a Go-style template: output, `if`, `with` and `range` with `else` and `end`. Refuses everything else by name. */
export function parseTemplate(file: string, source: string): TemplateNode[] {
  const root: TemplateNode[] = [];
  const open: Block[] = [];
  const target = (): TemplateNode[] => open.at(-1)?.branches.at(-1)?.body ?? root;
  for (const piece of splitTemplate(file, source)) {
    const place = { file, line: piece.line };
    if (piece.kind === 'text') {
      target().push({ kind: 'text', text: piece.text, line: piece.line });
      continue;
    }
    const [word = '', rest = ''] = splitWord(piece.text);
    if (word === 'if' || word === 'with' || word === 'range') {
      if (open.length >= MAX_DEPTH) throw refuseAction(place, piece.text, 'is nested too deeply');
      open.push(openBlock(word, rest, place));
    } else if (word === 'else') {
      addBranch(open.at(-1), rest, place);
    } else if (word === 'end') {
      const block = open.pop();
      if (block === undefined) throw refuseAction(place, piece.text, 'there is nothing to end');
      target().push(closeBlock(block));
    } else {
      target().push({
        kind: 'output',
        expression: outputOf(piece.text, word, place),
        line: piece.line,
      });
    }
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined) {
    throw new RenderRefusal(file, unclosed.line, `{{ ${unclosed.word} }} has no {{ end }}`);
  }
  return root;
}

const notOffered = new Set(['define', 'template', 'include', 'block', 'break', 'continue', 'tpl']);

function outputOf(text: string, word: string, place: Place) {
  if (notOffered.has(word)) {
    throw refuseAction(place, text, `"${word}" is not offered here: use a Helm chart for it`);
  }
  if (/^\$\w*\s*:?=/.test(text)) {
    throw refuseAction(place, text, 'variables are only set by range: use a Helm chart for more');
  }
  return parseExpression(text, place);
}

function openBlock(word: Block['word'], rest: string, place: Place): Block {
  const named = word === 'range' ? /^(?:(\$\w+)\s*,\s*)?(\$\w+)\s*:=(.*)$/s.exec(rest) : null;
  const condition = parseExpression(named?.[3] ?? rest, place);
  return {
    word,
    branches: [{ condition, body: [] }],
    key: named?.[1] ?? '',
    value: named?.[2] ?? '',
    hasElse: false,
    line: place.line,
  };
}

function addBranch(block: Block | undefined, rest: string, place: Place): void {
  if (block === undefined || block.hasElse) {
    throw refuseAction(place, `else ${rest}`.trim(), 'there is nothing it could belong to');
  }
  const [word = '', condition = ''] = splitWord(rest);
  if (word === '') {
    block.hasElse = true;
    block.branches.push({ condition: null, body: [] });
  } else if (word === block.word && word !== 'range') {
    block.branches.push({ condition: parseExpression(condition, place), body: [] });
  } else {
    throw refuseAction(place, `else ${rest}`, `expected {{ else }} or {{ else ${block.word} … }}`);
  }
}

function closeBlock({ word, branches, key, value, line }: Block): TemplateNode {
  if (word !== 'range') return { kind: word, branches, line };
  const [loop, otherwise] = branches;
  return {
    kind: 'range',
    key,
    value,
    list: loop?.condition ?? { kind: 'literal', value: null, source: '' },
    body: loop?.body ?? [],
    otherwise: otherwise?.body ?? [],
    line,
  };
}

function splitWord(text: string): string[] {
  const found = /^([A-Za-z]*)\s*(.*)$/s.exec(text);
  return found === null ? [] : found.slice(1);
}
