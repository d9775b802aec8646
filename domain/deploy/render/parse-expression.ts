import { refuseAction, type RenderRefusal } from './faults.ts';
import type { Expression } from './template-syntax.ts';

const MAX_DEPTH = 20;
const token =
  /\s*(?:("(?:\\.|[^"\\])*"|`[^`]*`)|(-?\d+(?:\.\d+)?)(?![\w.])|(\$?[A-Za-z_]\w*|\$)?((?:\.[A-Za-z_][\w-]*)+|\.)?|)/y;

/** Where an expression stands, for what is said about it. */
export interface Place {
  file: string;
  line: number;
}

/**
 * Reads `.Values.a.b | default "x" | quote`. Only paths, literals, parentheses and named functions exist; nothing of it
 * is ever run as code.
 */
export function parseExpression(text: string, place: Place): Expression {
  const reader = new Reader(text, place);
  const expression = reader.pipeline(0);
  reader.expectEnd();
  return expression;
}

class Reader {
  readonly #text: string;
  readonly #place: Place;
  #at = 0;

  constructor(text: string, place: Place) {
    this.#text = text;
    this.#place = place;
  }

  pipeline(depth: number): Expression {
    if (depth > MAX_DEPTH) throw this.#refuse('is nested too deeply');
    const start = this.#at;
    let value = this.#command(depth);
    while (this.#skip('|')) {
      const next = this.#command(depth);
      if (next.kind !== 'call') throw this.#refuse('expected the name of a function after |');
      const source = this.#text.slice(start, this.#at).trim();
      value = { ...next, args: [...next.args, value], source };
    }
    return value;
  }

  expectEnd(): void {
    if (this.#text.slice(this.#at).trim() !== '') {
      throw this.#refuse(`"${this.#text.slice(this.#at).trim()}" was not expected here`);
    }
  }

  #command(depth: number): Expression {
    const start = this.#at;
    const first = this.#operand(depth);
    if (first === null) throw this.#refuse('a value or a function is missing');
    if (first.kind !== 'call' || first.args.length > 0) return first;
    if (this.#text.charAt(this.#at - 1) === ')') return first;
    const args: Expression[] = [];
    for (let next = this.#operand(depth); next !== null; next = this.#operand(depth)) {
      args.push(next);
    }
    return { ...first, args, source: this.#text.slice(start, this.#at).trim() };
  }

  #operand(depth: number): Expression | null {
    if (this.#skip('(')) {
      const inner = this.pipeline(depth + 1);
      if (!this.#skip(')')) throw this.#refuse('a ) is missing');
      return inner;
    }
    token.lastIndex = this.#at;
    const found = token.exec(this.#text);
    const [all = '', quoted, number, name, path] = found ?? [];
    const source = all.trim();
    if (source === '') return null;
    this.#at += all.length;
    if (quoted !== undefined) return { kind: 'literal', value: this.#unquote(quoted), source };
    if (number !== undefined) return { kind: 'literal', value: Number(number), source };
    return this.#named(name ?? '', path ?? '', source);
  }

  #named(name: string, path: string, source: string): Expression {
    const keys = path.split('.').filter((key) => key !== '');
    if (name === '') return { kind: 'path', root: '.', keys, source };
    if (name === '$') return { kind: 'path', root: '$', keys, source };
    if (name.startsWith('$')) return { kind: 'path', root: `$${name.slice(1)}`, keys, source };
    if (keys.length > 0) throw this.#refuse(`"${source}" was not understood`);
    if (name === 'true' || name === 'false') {
      return { kind: 'literal', value: name === 'true', source };
    }
    if (name === 'nil') return { kind: 'literal', value: null, source };
    return { kind: 'call', name, args: [], source };
  }

  #unquote(quoted: string): string {
    if (quoted.startsWith('`')) return quoted.slice(1, -1);
    try {
      return JSON.parse(quoted) as string;
    } catch {
      throw this.#refuse(`the text ${quoted} has an escape that is not known`);
    }
  }

  #skip(char: string): boolean {
    const found = /\s*/y;
    found.lastIndex = this.#at;
    const length = found.exec(this.#text)?.[0].length ?? 0;
    if (this.#text.charAt(this.#at + length) !== char) return false;
    this.#at += length + 1;
    return true;
  }

  #refuse(message: string): RenderRefusal {
    return refuseAction(this.#place, this.#text, message);
  }
}
