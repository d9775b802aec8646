/** The statuses that may become `next`: what a guarded write asks for, so that a table of transitions is the only list. */
export function statusesBefore<S extends string>(
  transitions: Readonly<Record<S, readonly S[]>>,
  next: S,
): S[] {
  return (Object.keys(transitions) as S[]).filter((status) => transitions[status].includes(next));
}
