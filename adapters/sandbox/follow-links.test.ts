import { describe, expect, it } from '@jest/globals';
import { followLinks, type Listed } from './follow-links.ts';

interface Followed {
  reached: string[];
  said: string[];
}

/** What is said of `top`, a link to the first of `count` folders; `names` are links in each that lead to the next one. */
function chained(count: number, names: readonly string[], last: Listed[] = []): Followed {
  const all = [{ kind: 'd', name: 'top' }, ...last];
  const targets = new Map([['top', '/workspace/d0']]);
  for (let at = 0; at < count; at += 1) {
    for (const name of names) {
      all.push({ kind: 'd', name: `d${String(at)}/${name}` });
      targets.set(`d${String(at)}/${name}`, `/workspace/d${String(at + 1)}`);
    }
  }
  const said: string[] = [];
  const reached = followLinks(all, [{ kind: 'd', name: 'top' }], targets, (line) =>
    said.push(line),
  );
  return { reached, said };
}

describe('following the links of a workspace', () => {
  it('takes the files of folders that links lead to, also over several', () => {
    const { reached, said } = chained(3, ['a'], [{ kind: 'F', name: 'd3/file' }]);
    expect(reached).toEqual(['top/a/a/a/file']);
    expect(said).toEqual(['top is a link: stored as what it leads to, d0']);
  });

  it('ends where links lead to folders of links over and over, files or not [A-PIPE-04]', () => {
    const { reached, said } = chained(18, ['a', 'b']);
    expect(reached).toEqual([]);
    expect(said.at(-1)).toMatch(/^links lead over more than \d+ names/);
  });

  it('goes down no chain of links without end [A-PIPE-04]', () => {
    const { reached, said } = chained(3000, ['a'], [{ kind: 'F', name: 'd3000/file' }]);
    expect(reached).toEqual([]);
    expect(said[0]).toContain('but for links there that lead elsewhere');
  });
});
