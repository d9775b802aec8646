import { compilePattern, matcherTest } from '../promql/matcher-test.ts';
import { type LabelPair, Labels } from '../promql/labels.ts';
import type { LabelFilter, Stage } from './ast.ts';
import { extractJson, extractLogfmt } from './extract.ts';
import { compileFilter } from './label-filter.ts';
import { fillTemplate } from './templates.ts';

/** A log record on its way through the stages. */
export interface Entry {
  /** ms since 1970, with parts of it as far as a float goes */
  time: number;
  /** of its stream and, later, what stages found in its line */
  labels: Labels;
  line: string;
}

/** The label that says that a stage could not read a line, and its values. */
export const errorLabel = '__error__';

type Step = (entry: Entry) => Entry | null;

const withLabels = (labels: Labels, more: Iterable<LabelPair>): Labels =>
  Labels.of([...labels.pairs, ...more]);

function lineStep({ op, values, span }: Extract<Stage, { kind: 'line' }>): Step {
  const isPattern = op === '|~' || op === '!~';
  const tests = values.map((value): ((line: string) => boolean) => {
    if (!isPattern) return (line) => line.includes(value);
    const pattern = compilePattern(value, span);
    // anywhere in the line, unlike in a matcher
    return (line) => pattern.test(line);
  });
  const wanted = op === '|=' || op === '|~';
  return (entry) => (tests.some((test) => test(entry.line)) === wanted ? entry : null);
}

function parseStep({ format, only }: Extract<Stage, { kind: 'parse' }>): Step {
  const extract = format === 'json' ? extractJson : extractLogfmt;
  const error = format === 'json' ? 'JSONParserErr' : 'LogfmtParserErr';
  return (entry) => {
    const found = extract(entry.line, only);
    if (found === null) return { ...entry, labels: entry.labels.with(errorLabel, error) };
    // a label of the stream keeps its name: what a line says must not pass for it
    const pairs = [...found].map(([name, value]): LabelPair => [
      entry.labels.get(name) === '' ? name : `${name}_extracted`,
      value,
    ]);
    return { ...entry, labels: withLabels(entry.labels, pairs) };
  };
}

/** Keeps entries that fulfil a filter; one whose label cannot be compared is kept and marked. */
export function filterStep(filter: LabelFilter): Step {
  const fits = compileFilter(filter);
  return (entry) => {
    const verdict = fits((name) => entry.labels.get(name));
    if (verdict === 'unreadable')
      return { ...entry, labels: entry.labels.with(errorLabel, 'LabelFilterErr') };
    return verdict ? entry : null;
  };
}

function dropStep({ kind, labels, span }: Extract<Stage, { kind: 'drop' | 'keep' }>): Step {
  const tests = labels.map(({ name, matcher }) => ({
    name,
    fits: matcher === null ? () => true : matcherTest(matcher, span),
  }));
  const isNamed = ([name, value]: LabelPair) =>
    tests.some((test) => test.name === name && test.fits(value));
  return (entry) => {
    const kept = entry.labels.pairs.filter((pair) => isNamed(pair) === (kind === 'keep'));
    return { ...entry, labels: Labels.of(kept) };
  };
}

function stepOf(stage: Stage): Step {
  switch (stage.kind) {
    case 'line':
      return lineStep(stage);
    case 'parse':
      return parseStep(stage);
    case 'filter':
      return filterStep(stage.filter);
    case 'line_format':
      return (entry) => ({
        ...entry,
        line: fillTemplate(stage.template, (name) => entry.labels.get(name)),
      });
    case 'label_format':
      return (entry) => {
        const pairs = stage.changes.map(({ name, template }): LabelPair => [
          name,
          fillTemplate(template, (label) => entry.labels.get(label)),
        ]);
        return { ...entry, labels: withLabels(entry.labels, pairs) };
      };
    default:
      return dropStep(stage);
  }
}

/** The stages of a query as one function: null where an entry is left out. @throws PromqlError of a pattern that is none */
export function compileStages(stages: readonly Stage[]): Step {
  const steps = stages.map(stepOf);
  return (entry) => {
    let current: Entry | null = entry;
    for (const step of steps) {
      current = step(current);
      if (current === null) return null;
    }
    return current;
  };
}
