import { matcherTest } from '../promql/matcher-test.ts';
import type { Comparison, LabelFilter } from './ast.ts';
import { parseAs } from './units.ts';

/** `unreadable`: the label is there and no number, so the line is kept and marked, as Loki does. */
export type Verdict = boolean | 'unreadable';

const compare: Record<Comparison, (a: number, b: number) => boolean> = {
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
};

/** A filter as a function of a line's labels. @throws PromqlError of a pattern that is none */
export function compileFilter(filter: LabelFilter): (labelOf: (name: string) => string) => Verdict {
  switch (filter.kind) {
    case 'text': {
      const fits = matcherTest(filter.matcher, filter.span);
      return (labelOf) => fits(labelOf(filter.matcher.name));
    }
    case 'number':
      return (labelOf) => {
        const text = labelOf(filter.name);
        if (text === '') return false;
        const value = parseAs(filter.unit, text);
        return value === null ? 'unreadable' : compare[filter.op](value, filter.value);
      };
    default: {
      const left = compileFilter(filter.left);
      const right = compileFilter(filter.right);
      const ends = filter.kind === 'or';
      return (labelOf) => {
        const first = left(labelOf);
        if (first === ends) return first;
        const second = right(labelOf);
        return second === ends ? second : first === 'unreadable' ? first : second;
      };
    }
  }
}
