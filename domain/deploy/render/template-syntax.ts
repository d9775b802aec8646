/** What an expression of a template may be. A pipeline `a | f x` is the call `f x a`. */
export type Expression =
  | { kind: 'path'; root: '.' | '$' | `$${string}`; keys: string[]; source: string }
  | { kind: 'literal'; value: string | number | boolean | null; source: string }
  | { kind: 'call'; name: string; args: Expression[]; source: string };

/** `else` has no condition. */
export interface Branch {
  condition: Expression | null;
  body: TemplateNode[];
}

export type TemplateNode =
  | { kind: 'text'; text: string; line: number }
  | { kind: 'output'; expression: Expression; line: number }
  | { kind: 'if' | 'with'; branches: Branch[]; line: number }
  | {
      kind: 'range';
      /** names of the variables for key and value, `$` included; empty when not asked for */
      key: string;
      value: string;
      list: Expression;
      body: TemplateNode[];
      otherwise: TemplateNode[];
      line: number;
    };

/** A piece of a template: text as it is, or what stands between `{{` and `}}`. */
export interface TemplatePiece {
  kind: 'text' | 'action';
  text: string;
  line: number;
}
