import { refuseAction, RenderRefusal } from './faults.ts';
import { parseTemplate } from './parse-template.ts';
import { callFunction, missingValue, templateFunctions } from './template-functions.ts';
import type { Expression, TemplateNode } from './template-syntax.ts';
import { EvaluationError, isTruthy, Missing, nameOfType, textOf } from './template-values.ts';

const MAX_OUTPUT = 1024 * 1024;
const MAX_STEPS = 50_000;

/** A rendered file, and for each of its lines the line of the template that it came from (index 0 is line 1). */
export interface RenderedFile {
  text: string;
  lines: readonly number[];
}

/**
 * Renders a template with `data` as its dot. A value that is not there is refused with file, line and expression; only
 * `if`, `with`, `default` and their like may ask for one. Ends at 50,000 steps or 1 MiB, whatever the template says.
 */
export function renderTemplate(
  file: string,
  source: string,
  data: Readonly<Record<string, unknown>>,
): RenderedFile {
  const renderer = new Renderer(file, data);
  renderer.render(parseTemplate(file, source), { dot: data, variables: new Map() });
  return renderer.result();
}

interface Scope {
  dot: unknown;
  variables: ReadonlyMap<string, unknown>;
}

class Renderer {
  readonly #file: string;
  readonly #data: Readonly<Record<string, unknown>>;
  readonly #parts: string[] = [];
  readonly #lines: number[] = [1];
  #lineIsEmpty = true;
  #length = 0;
  #steps = 0;

  constructor(file: string, data: Readonly<Record<string, unknown>>) {
    this.#file = file;
    this.#data = data;
  }

  result(): RenderedFile {
    return { text: this.#parts.join(''), lines: this.#lines };
  }

  render(nodes: readonly TemplateNode[], scope: Scope): void {
    for (const node of nodes) {
      this.#step(node.line);
      this.#renderNode(node, scope);
    }
  }

  #step(line: number): void {
    this.#steps += 1;
    if (this.#steps > MAX_STEPS) {
      throw new RenderRefusal(this.#file, line, 'the template repeats itself too often');
    }
  }

  #renderNode(node: TemplateNode, scope: Scope): void {
    switch (node.kind) {
      case 'text':
        this.#write(node.text, node.line, true);
        return;
      case 'output':
        this.#write(this.#outputOf(node.expression, scope, node.line), node.line, false);
        return;
      case 'range':
        this.#renderRange(node, scope);
        return;
      case 'if':
      case 'with':
        for (const { condition, body } of node.branches) {
          const value = condition === null || this.#value(condition, scope, node.line);
          if (!isTruthy(value)) continue;
          const dot = node.kind === 'with' && condition !== null ? value : scope.dot;
          this.render(body, { ...scope, dot });
          return;
        }
    }
  }

  #renderRange(node: Extract<TemplateNode, { kind: 'range' }>, scope: Scope): void {
    const list = this.#present(node.list, scope, node.line);
    if (typeof list !== 'object' || list === null) {
      throw this.#refuse(node.line, node.list, `expected a list or a map, got ${nameOfType(list)}`);
    }
    const entries: [unknown, unknown][] = Array.isArray(list)
      ? list.map((value: unknown, index): [unknown, unknown] => [index, value])
      : Object.entries(list).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [key, value] of entries) {
      this.#step(node.line); // an entry costs a step although the body may be empty
      const variables = new Map(scope.variables);
      if (node.key !== '') variables.set(node.key, key);
      if (node.value !== '') variables.set(node.value, value);
      this.render(node.body, { dot: value, variables });
    }
    if (entries.length === 0) this.render(node.otherwise, scope);
  }

  /** The text of an output. Several lines of raw text would break out of their place in the YAML, so they are refused. */
  #outputOf(expression: Expression, scope: Scope, line: number): string {
    try {
      const text = textOf(this.#present(expression, scope, line));
      const isSafe =
        expression.kind === 'literal' ||
        (expression.kind === 'call' &&
          templateFunctions.get(expression.name)?.isSafeInYaml === true);
      if (!isSafe && /[\n\r]/.test(text)) {
        throw new EvaluationError('it has several lines: pipe it through quote, toYaml or nindent');
      }
      return text;
    } catch (error) {
      throw this.#explained(error, expression, line);
    }
  }

  /** Like `#value`, but a value that is not there is an error. */
  #present(expression: Expression, scope: Scope, line: number): unknown {
    const value = this.#value(expression, scope, line);
    if (value instanceof Missing) throw this.#explained(missingValue(value), expression, line);
    return value;
  }

  #value(expression: Expression, scope: Scope, line: number): unknown {
    try {
      switch (expression.kind) {
        case 'literal':
          return expression.value;
        case 'path':
          return this.#follow(expression, scope);
        case 'call':
          return callFunction(
            expression.name,
            expression.args.map((arg) => this.#value(arg, scope, line)),
          );
      }
    } catch (error) {
      throw this.#explained(error, expression, line);
    }
  }

  #follow({ root, keys }: Extract<Expression, { kind: 'path' }>, scope: Scope): unknown {
    let value: unknown = root === '.' ? scope.dot : this.#data;
    if (root !== '.' && root !== '$') {
      if (!scope.variables.has(root)) throw new EvaluationError(`there is no variable ${root}`);
      value = scope.variables.get(root);
    }
    let walked = root === '.' ? '' : root;
    for (const key of keys) {
      walked += `.${key}`;
      const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
      const next: unknown =
        isMap && Object.hasOwn(value as object, key)
          ? (value as Record<string, unknown>)[key]
          : undefined;
      if (next === undefined || next === null) return new Missing(walked);
      value = next;
    }
    return value;
  }

  #write(text: string, line: number, advances: boolean): void {
    this.#length += text.length;
    if (this.#length > MAX_OUTPUT) {
      throw new RenderRefusal(this.#file, line, 'the rendered file is larger than 1 MiB');
    }
    this.#parts.push(text);
    let current = line;
    text.split('\n').forEach((part, index) => {
      if (index > 0) {
        if (advances) current += 1;
        this.#lines.push(current);
        this.#lineIsEmpty = true;
      }
      if (this.#lineIsEmpty && part.trim() !== '') {
        this.#lines[this.#lines.length - 1] = current;
        this.#lineIsEmpty = false;
      }
    });
  }

  #explained(error: unknown, expression: Expression, line: number): unknown {
    return error instanceof EvaluationError ? this.#refuse(line, expression, error.message) : error;
  }

  #refuse(line: number, expression: Expression, message: string): RenderRefusal {
    return refuseAction({ file: this.#file, line }, expression.source, message);
  }
}
