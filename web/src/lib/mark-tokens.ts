/** A piece of a line: its class, and whether it is what changed. */
export interface MarkedToken {
  text: string;
  name: string;
  changed: boolean;
}

/** Cuts the coloured pieces of a line where what changed begins and ends. */
export function markTokens(
  tokens: readonly { text: string; name: string }[],
  changed: readonly [number, number] | null,
): MarkedToken[] {
  const [from, to] = changed ?? [0, 0];
  const marked: MarkedToken[] = [];
  let at = 0;
  for (const { text, name } of tokens) {
    const end = at + text.length;
    const cuts = [at, Math.min(Math.max(from, at), end), Math.min(Math.max(to, at), end), end];
    for (let i = 0; i < 3; i += 1) {
      const piece = text.slice((cuts[i] ?? 0) - at, (cuts[i + 1] ?? 0) - at);
      if (piece !== '') marked.push({ text: piece, name, changed: i === 1 });
    }
    at = end;
  }
  return marked;
}
