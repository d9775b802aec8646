/** Index of the line that `#L12` names, or null. */
export function lineOfHash(hash: string): number | null {
  const match = /^#L(\d{1,9})$/.exec(hash);
  return match ? Math.max(0, Number(match[1]) - 1) : null;
}
