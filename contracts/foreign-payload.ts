const mark = 'slipway/foreign-payload';

/** What a worker's codec puts in the place of a payload that this installation did not seal for that workflow. */
export const foreignPayload = { [mark]: true } as const;

/** True where one of the arguments came from a stranger. */
export function hasForeign(args: readonly unknown[]): boolean {
  return args.some((value) => typeof value === 'object' && value !== null && mark in value);
}
