/** The value when it is one of `known`, else undefined: what stands in an address may be anything. */
export function oneOf<T extends string>(
  known: readonly T[],
  value: string | undefined,
): T | undefined {
  return known.find((each) => each === value);
}
