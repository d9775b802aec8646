import { describe, expect, it } from '@jest/globals';
import { criticalPath, layoutDag, nodeHeight, nodeWidth } from './dag-layout.ts';

const step = (name: string, needs: string[] = [], durationMs = 1) => ({ name, needs, durationMs });

describe('the graph of a run', () => {
  it('puts each step right of everything that it needs [A-UI-04]', () => {
    const { nodes } = layoutDag([
      step('deploy', ['test', 'lint']),
      step('test', ['build']),
      step('lint'),
      step('build'),
    ]);
    const x = Object.fromEntries(nodes.map((node) => [node.name, node.rank]));
    expect(x).toEqual({ deploy: 2, test: 1, lint: 0, build: 0 });
  });

  it('lets no two steps overlap and keeps all inside the picture [A-UI-04]', () => {
    const steps = Array.from({ length: 24 }, (_, i) =>
      step(
        `s${i}`,
        i < 4 ? [] : [`s${i % 4}`, `s${Math.floor(i / 2)}`].filter((n) => n !== `s${i}`),
      ),
    );
    const layout = layoutDag(steps);
    for (const a of layout.nodes) {
      expect(a.x).toBeGreaterThanOrEqual(0);
      expect(a.x + nodeWidth).toBeLessThanOrEqual(layout.width);
      expect(a.y + nodeHeight).toBeLessThanOrEqual(layout.height);
      for (const b of layout.nodes) {
        if (a === b || a.x !== b.x) continue;
        expect(Math.abs(a.y - b.y)).toBeGreaterThanOrEqual(nodeHeight);
      }
    }
  });

  it('leads an edge over several columns between the steps, never through one [A-UI-04]', () => {
    const layout = layoutDag([
      step('a'),
      step('b', ['a']),
      step('c', ['b']),
      step('x'),
      step('end', ['c', 'x']),
    ]);
    const edge = layout.edges.find((each) => each.from === 'x' && each.to === 'end');
    const level = [...(edge?.path ?? '').matchAll(/ ([\d.]+)H/g)].map((match) => Number(match[1]));
    expect(level).toHaveLength(2);
    for (const [index, y] of level.entries()) {
      for (const node of layout.nodes.filter((each) => each.rank === index + 1)) {
        expect(y < node.y || y > node.y + nodeHeight).toBe(true);
      }
    }
  });

  it('does not draw an edge that others imply [A-UI-04]', () => {
    const { edges } = layoutDag([step('a'), step('b', ['a']), step('c', ['a', 'b'])]);
    expect(edges.map((edge) => `${edge.from}>${edge.to}`)).toEqual(['a>b', 'b>c']);
  });

  it('ends also when needs go in a circle or nowhere [A-UI-04]', () => {
    expect(layoutDag([step('a', ['b']), step('b', ['a', 'gone'])]).nodes).toHaveLength(2);
    expect(layoutDag([]).edges).toEqual([]);
  });

  it('marks the chain that took longest [A-UI-04]', () => {
    const steps = [
      step('a', [], 5),
      step('b', ['a'], 50),
      step('c', ['a'], 10),
      step('d', ['b', 'c'], 1),
    ];
    expect(criticalPath(steps)).toEqual(['a', 'b', 'd']);
    expect(criticalPath([])).toEqual([]);
  });
});
