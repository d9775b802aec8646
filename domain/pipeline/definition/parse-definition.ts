import type { Document } from 'yaml';
import type { core } from 'zod';
import { type PositionOf, readStrictYaml, YamlRefusal } from '../../shared/read-strict-yaml.ts';
import { asList } from './globs.ts';
import { expandMatrix, variantCount } from './matrix.ts';
import { definitionSchema, type Definition, type StepDefinition } from './schema.ts';

/** The file that holds a project's pipeline. */
export const definitionFile = '.platform.yaml';

/** One fault of a definition: where it is (1-based) and what was expected. */
export interface DefinitionFault {
  line: number;
  column: number;
  /** `steps[1].timeout`; empty for the file as a whole */
  path: string;
  message: string;
}

export type ParsedDefinition =
  { ok: true; definition: Definition } | { ok: false; faults: DefinitionFault[]; message: string };

const limit = { bytes: 256 * 1024, name: '256 KiB' };
const MAX_FAULTS = 20;
/** Of one run, with all that its matrices make. */
const MAX_STEPS = 1000;
const MAX_NAME = 255;

/**
 * Reads `.platform.yaml`. Never throws: every fault comes back with line, column and what was expected. By the limits of
 * `readStrictYaml` and at most 256 KiB, so that any text ends at once.
 */
export function parseDefinition(text: string): ParsedDefinition {
  try {
    return checkDefinition(text);
  } catch (error) {
    if (!(error instanceof YamlRefusal)) throw error;
    return failed(
      error.faults.slice(0, MAX_FAULTS).map(({ offset, message }) => ({
        ...error.positionOf(offset),
        path: '',
        message: message.split('\n')[0] ?? '',
      })),
    );
  }
}

function checkDefinition(text: string): ParsedDefinition {
  const { documents, positionOf } = readStrictYaml(text, { limit });
  const [first, second] = documents;
  const refuse = (faults: readonly PathFault[]) =>
    failed(
      faults.slice(0, MAX_FAULTS).map((fault) => ({
        ...locate(first?.document ?? null, positionOf, fault.path),
        path: dotted(fault.path),
        message: fault.message,
      })),
    );
  if (second !== undefined) {
    const message = 'the file is one document, this is a second';
    const offset = second.document.range?.[0] ?? 0;
    return failed([{ ...positionOf(offset), path: '', message }]);
  }
  const checked = definitionSchema.safeParse(first?.value ?? null);
  if (!checked.success) return refuse(checked.error.issues.flatMap((issue) => faultsOf(issue, [])));
  const problems = checkSteps(checked.data.steps);
  return problems.length > 0 ? refuse(problems) : { ok: true, definition: checked.data };
}

interface PathFault {
  path: PropertyKey[];
  message: string;
}

function faultsOf(issue: core.$ZodIssue, prefix: PropertyKey[]): PathFault[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: `unknown key "${key}"` }));
  }
  if (issue.code === 'invalid_union') {
    // The branch that came furthest is what the author meant; its complaint is the useful one.
    const deepest = issue.errors
      .map((branch) => branch.flatMap((inner) => faultsOf(inner, path)))
      .sort((a, b) => depth(b) - depth(a))[0];
    if (deepest !== undefined && deepest.length > 0) return deepest;
  }
  return [{ path, message: issue.message }];
}

function depth(faults: readonly PathFault[]): number {
  return Math.max(0, ...faults.map((fault) => fault.path.length));
}

/** Rules over several steps: unique names, known needs, no cycle, commands xor gate, no secret in a command line. */
function checkSteps(steps: readonly StepDefinition[]): PathFault[] {
  const faults: PathFault[] = [];
  const seen = new Map<string, number>();
  steps.forEach((step, index) => {
    const first = seen.get(step.name);
    if (first !== undefined) {
      faults.push({
        path: ['steps', index, 'name'],
        message: `"${step.name}" is the name of step ${String(first + 1)} already`,
      });
    }
    seen.set(step.name, index);
    faults.push(...checkStep(step, index));
  });
  steps.forEach((step, index) => {
    for (const need of asList(step.needs)) {
      if (!seen.has(need))
        faults.push({
          path: ['steps', index, 'needs'],
          message: `needs "${need}", which is no step of this file`,
        });
    }
  });
  faults.push(...checkNames(steps));
  const cycle = faults.length === 0 ? findCycle(steps) : null;
  if (cycle !== null) {
    faults.push({
      path: ['steps', seen.get(cycle[0] ?? '') ?? 0, 'needs'],
      message: `steps wait for each other: ${cycle.join(' → ')}`,
    });
  }
  return faults;
}

/** Names as the run will have them: a matrix makes many of one step. */
function checkNames(steps: readonly StepDefinition[]): PathFault[] {
  const faults: PathFault[] = [];
  const ownerOf = new Map<string, number>();
  let count = 0;
  steps.forEach((step, index) => {
    const refuse = (message: string) =>
      faults.push({
        path: ['steps', index, step.matrix === undefined ? 'name' : 'matrix'],
        message,
      });
    const before = count;
    count += variantCount(step);
    if (count > MAX_STEPS) {
      if (before <= MAX_STEPS)
        refuse(`the matrix makes more steps than the ${String(MAX_STEPS)} that a run may have`);
      return;
    }
    const problem = matrixProblem(step);
    if (problem !== null) {
      refuse(problem);
      return;
    }
    for (const { name } of expandMatrix(step)) {
      const other = ownerOf.get(name);
      // Two of one name in the file are told of by themselves.
      if (other !== undefined && steps[other]?.name !== step.name) {
        refuse(`"${name}" is the name of one that step ${String(other + 1)} makes already`);
        return;
      }
      ownerOf.set(name, index);
    }
  });
  return faults;
}

/** What keeps the values of one matrix from being steps of their own. */
function matrixProblem(step: StepDefinition): string | null {
  for (const values of Object.values(step.matrix ?? {})) {
    const twice = values.find((value, at) => values.indexOf(value) !== at);
    if (twice !== undefined) return `the value "${twice}" stands there twice`;
  }
  const seen = new Map<string, string>();
  for (const { name, values } of expandMatrix(step)) {
    if (name.length > MAX_NAME)
      return `the values make a name of more than ${String(MAX_NAME)} characters`;
    const words = Object.values(values)
      .map((value) => `"${value}"`)
      .join(' with ');
    const other = seen.get(name);
    if (other !== undefined)
      return `the values ${other} and ${words} make two steps of the name "${name}"`;
    seen.set(name, words);
  }
  return null;
}

function checkStep(step: StepDefinition, index: number): PathFault[] {
  const at = (key: string, message: string): PathFault => ({
    path: ['steps', index, key],
    message,
  });
  const faults: PathFault[] = [];
  if (step.gate === undefined && step.commands === undefined) {
    faults.push({
      path: ['steps', index],
      message: `step "${step.name}" needs either commands or a gate`,
    });
  }
  if (step.gate !== undefined && step.commands !== undefined) {
    faults.push(
      at('gate', 'a gate waits for people and runs no commands: put them into a step of their own'),
    );
  }
  if (asList(step.commands).some((command) => /\$\{\{\s*secrets\./.test(command))) {
    faults.push(
      at(
        'commands',
        'a secret in a command line would be seen by other processes: list it under secrets and use it as $NAME',
      ),
    );
  }
  return faults;
}

/** Depth-first search; gives the names along the first cycle found, its first name repeated at the end. */
function findCycle(steps: readonly StepDefinition[]): string[] | null {
  const needs = new Map(steps.map((step) => [step.name, asList(step.needs)]));
  const done = new Set<string>();
  const visit = (name: string, trail: string[]): string[] | null => {
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name];
    if (done.has(name)) return null;
    for (const need of needs.get(name) ?? []) {
      const found = visit(need, [...trail, name]);
      if (found !== null) return found;
    }
    done.add(name);
    return null;
  };
  for (const step of steps) {
    const found = visit(step.name, []);
    if (found !== null) return found;
  }
  return null;
}

function failed(faults: DefinitionFault[]): ParsedDefinition {
  const message = faults
    .map((fault) => {
      const where = `${definitionFile}:${String(fault.line)}:${String(fault.column)}`;
      return `${where}: ${fault.path === '' ? '' : `${fault.path}: `}${fault.message}`;
    })
    .join('\n');
  return { ok: false, faults, message };
}

/** Place of the deepest node that exists on the way to `path`; of a key itself where the key is the fault. */
function locate(
  document: Document | null,
  positionOf: PositionOf,
  path: readonly PropertyKey[],
): { line: number; column: number } {
  for (let length = path.length; length > 0; length -= 1) {
    const parent: unknown =
      length === 1 ? document?.contents : document?.getIn(path.slice(0, length - 1), true);
    const offset = offsetIn(parent, path[length - 1]);
    if (offset !== null) return positionOf(offset);
  }
  return positionOf(document?.contents?.range?.[0] ?? 0);
}

function offsetIn(parent: unknown, key: PropertyKey | undefined): number | null {
  if (
    typeof parent !== 'object' ||
    parent === null ||
    !('items' in parent) ||
    !Array.isArray(parent.items)
  )
    return null;
  const items = parent.items as readonly unknown[];
  if (typeof key === 'number') return startOf(items[key]);
  for (const item of items) {
    if (typeof item === 'object' && item !== null && 'key' in item && keyText(item.key) === key) {
      return startOf(item.key);
    }
  }
  return null;
}

function keyText(key: unknown): unknown {
  return typeof key === 'object' && key !== null && 'value' in key ? key.value : key;
}

function startOf(node: unknown): number | null {
  if (typeof node !== 'object' || node === null || !('range' in node)) return null;
  const range = node.range as readonly number[] | null | undefined;
  return range?.[0] ?? null;
}

function dotted(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${String(key)}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}
