import { z } from 'zod';
import { configSchema, configEnvNames } from '../../contracts/config.ts';

type Shape = Readonly<Record<string, z.ZodType>>;

/** The object inside a section (`preprocess(strictObject)`), or null for a leaf. */
function shapeOf(schema: z.ZodType): Shape | null {
  if (schema instanceof z.ZodObject) return schema.shape;
  if (schema instanceof z.ZodPipe) return shapeOf(schema.def.out as z.ZodType);
  return null;
}

function collect(schema: z.ZodType, prefix: string): string[] {
  const shape = shapeOf(schema);
  if (!shape) return [prefix];
  return Object.entries(shape).flatMap(([name, child]) =>
    collect(child, prefix === '' ? name : `${prefix}.${name}`),
  );
}

/** Dotted paths of all keys, in the order of the schema. */
export const configKeys: readonly string[] = collect(configSchema, '');

/** `executor.memoryMb` → `SLIPWAY_EXECUTOR_MEMORY_MB`. */
function genericEnvName(key: string): string {
  return `SLIPWAY_${key
    .replaceAll('.', '_')
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase()}`;
}

/** Names of environment variables that set `key`, strongest first. */
export function envNamesOf(key: string): string[] {
  return [...(configEnvNames[key] ?? []), genericEnvName(key)];
}
