import { RE2JS } from 're2js';
import type { Matcher, Span } from './ast.ts';
import { PromqlError } from './problem.ts';

/**
 * Compiles a pattern of RE2's language (linear time whatever the text), to be used on whole texts.
 * @throws PromqlError of a pattern that is none
 */
export function compilePattern(pattern: string, span: Span): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PromqlError(`bad pattern ${JSON.stringify(pattern)}: ${reason}`, span);
  }
}

/** Whether a label's value ('' where there is none) fulfils a matcher. @throws PromqlError of a bad pattern */
export function matcherTest({ op, value }: Matcher, span: Span): (text: string) => boolean {
  if (op === '=') return (text) => text === value;
  if (op === '!=') return (text) => text !== value;
  const pattern = compilePattern(value, span);
  // a label has few values and many series
  const known = new Map<string, boolean>();
  const isMatch = (text: string): boolean => {
    let answer = known.get(text);
    if (answer === undefined) {
      answer = pattern.matches(text);
      known.set(text, answer);
    }
    return answer;
  };
  return op === '=~' ? isMatch : (text) => !isMatch(text);
}
