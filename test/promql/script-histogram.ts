import {
  countsOf,
  customSchema,
  type NativeHistogram,
  type ResetHint,
} from '../../domain/telemetry/promql/histogram.ts';
import { parseNumber } from '../../domain/telemetry/promql/literals.ts';

const numberOf = (text: string): number => parseNumber(text, { from: 0, to: 0 });
const listOf = (text: string): number[] =>
  text.slice(1, -1).split(/\s+/).filter(Boolean).map(numberOf);

/** `{{schema:1 sum:3 count:22 buckets:[5 10 7]}}`. `hasHint`: it says what the hint is. */
export function parseHistogram(text: string): NativeHistogram & { hasHint: boolean } {
  const fields = new Map<string, string>();
  for (const [, name, value] of text.slice(2, -2).matchAll(/(\w+):(\[[^\]]*\]|\S+)/g))
    fields.set(name!, value!);
  const number = (name: string) => numberOf(fields.get(name) ?? '0');
  const counts = (list: string, offset: string) =>
    countsOf(
      listOf(fields.get(list) ?? '[]').map((count, at) => [number(offset) + at, count] as const),
    );
  const bounds = fields.has('custom_values') ? listOf(fields.get('custom_values')!) : [];
  const schema = number('schema');
  return {
    schema,
    count: number('count'),
    sum: number('sum'),
    zeroCount: number('z_bucket'),
    zeroThreshold: number('z_bucket_w'),
    positive: counts('buckets', 'offset'),
    negative: counts('n_buckets', 'n_offset'),
    bounds: schema === customSchema ? bounds : [],
    hint: (fields.get('counter_reset_hint') ?? 'unknown') as ResetHint,
    hasHint: fields.has('counter_reset_hint'),
  };
}
