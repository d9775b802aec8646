import type { StepDefinition } from './schema.ts';

/** One step of the run, of those that a matrix makes of one. */
export interface Variant {
  name: string;
  values: Record<string, string>;
}

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

/** How many steps a matrix makes of one: counted before they are made, for each further key multiplies them. */
export function variantCount(step: Pick<StepDefinition, 'matrix'>): number {
  return Object.values(step.matrix ?? {}).reduce((all, { length }) => all * length, 1);
}
