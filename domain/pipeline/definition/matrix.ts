import type { StepDefinition } from './schema.ts';

/** One step of the run, of those that a matrix makes of one. */
export interface Variant {
  name: string;
  values: Record<string, string>;
}

/** More than any run may have: counted before they are made, for each further key multiplies them. */
const MAX_VARIANTS = 1000;

/** A step once for each combination of its matrix; once without one. */
export function expandMatrix(step: Pick<StepDefinition, 'name' | 'matrix'>): Variant[] {
  let variants: Variant[] = [{ name: step.name, values: {} }];
  for (const [key, values] of Object.entries(step.matrix ?? {})) {
    variants = variants.flatMap((variant) =>
      values.map((value) => ({
        name: `${variant.name}.${value.replace(/[^A-Za-z0-9_-]+/g, '-').toLowerCase()}`,
        values: { ...variant.values, [key]: value },
      })),
    );
  }
  return variants;
}

/** Names of the steps that a matrix makes; null when they are too many to be made at all. */
export function expandedNames(step: Pick<StepDefinition, 'name' | 'matrix'>): string[] | null {
  const count = Object.values(step.matrix ?? {}).reduce((all, { length }) => all * length, 1);
  return count > MAX_VARIANTS ? null : expandMatrix(step).map(({ name }) => name);
}
