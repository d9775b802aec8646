/** Something that somebody asked for, and whose work it is besides. */
interface Asked {
  by: string | null;
  originIds: readonly string[];
}

/** Everybody whose work something is that was asked for before: for what repeats it, or hands it on, to inherit. */
export function originOf(...asked: readonly Asked[]): string[] {
  const ids = asked.flatMap(({ by, originIds }) => [...(by === null ? [] : [by]), ...originIds]);
  return [...new Set(ids)];
}
