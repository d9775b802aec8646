/**
 * Paths that match one of the globs: `*` and `?` stay within a folder's name, `**` goes across, `[…]` and `{a,b}` as in
 * a shell; a pattern that names a folder means all beneath it. Translated to linear-time matching by hand, since a
 * user's pattern must never become a regular expression that can hang the process.
 */
export function matchesAny(path: string, globs: readonly string[]): boolean {
  const parts = path.split('/');
  return globs.some((glob) =>
    expandBraces(clean(glob)).some((one) => matches(parts, one.split('/'))),
  );
}

function clean(glob: string): string {
  return glob.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '');
}

/** At most 256 alternatives: more is a mistake or an attack. */
function expandBraces(glob: string): string[] {
  let open: string[] = [glob];
  const done: string[] = [];
  while (open.length > 0 && open.length + done.length <= 256) {
    const next: string[] = [];
    for (const pattern of open) {
      const match = /^([^{]*)\{([^{}]*)\}(.*)$/s.exec(pattern);
      const [, before = '', inner = '', after = ''] = match ?? [];
      if (match === null) done.push(pattern);
      else next.push(...inner.split(',').map((choice) => before + choice + after));
    }
    open = next;
  }
  return done.slice(0, 256);
}

/** Which pattern positions are alive after each path part: no backtracking, so time is path × pattern. */
function matches(path: readonly string[], pattern: readonly string[]): boolean {
  let alive = closure(new Set([0]), pattern);
  for (const part of path) {
    if (alive.has(pattern.length)) return true;
    const next = new Set<number>();
    for (const at of alive) {
      const piece = pattern[at];
      if (piece === '**') next.add(at);
      else if (piece !== undefined && matchesPart(part, piece)) next.add(at + 1);
    }
    alive = closure(next, pattern);
  }
  return alive.has(pattern.length);
}

/** `**` may stand for no folder at all. */
function closure(positions: Set<number>, pattern: readonly string[]): Set<number> {
  for (const at of positions) if (pattern[at] === '**') positions.add(at + 1);
  return positions;
}

function matchesPart(text: string, pattern: string): boolean {
  const tokens = tokenize(pattern);
  let alive = new Set([0]);
  const spread = (set: Set<number>): Set<number> => {
    for (const at of set) if (tokens[at] === '*') set.add(at + 1);
    return set;
  };
  alive = spread(alive);
  for (const char of text) {
    const next = new Set<number>();
    for (const at of alive) {
      const token = tokens[at];
      if (token === '*') next.add(at);
      else if (typeof token === 'function' && token(char)) next.add(at + 1);
    }
    alive = spread(next);
  }
  return alive.has(tokens.length);
}

type Token = '*' | ((char: string) => boolean);

function tokenize(pattern: string): Token[] {
  const chars = [...pattern];
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] ?? '';
    const end = char === '[' ? chars.indexOf(']', at + 2) : -1;
    if (char === '*') tokens.push('*');
    else if (char === '?') tokens.push(() => true);
    else if (end !== -1) {
      tokens.push(oneOf(chars.slice(at + 1, end)));
      at = end;
    } else tokens.push((other) => other === char);
  }
  return tokens;
}

function oneOf(chars: readonly string[]): (char: string) => boolean {
  const negated = chars[0] === '!' || chars[0] === '^';
  const set = negated ? chars.slice(1) : chars;
  return (char) => {
    for (let at = 0; at < set.length; at += 1) {
      const from = set[at] ?? '';
      const to = set[at + 1] === '-' ? set[at + 2] : undefined;
      if (to !== undefined && char >= from && char <= to) return !negated;
      if (to !== undefined) at += 2;
      else if (char === from) return !negated;
    }
    return negated;
  };
}
