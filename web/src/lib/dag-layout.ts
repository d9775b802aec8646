/** What the layout needs to know of a step. */
export interface DagInput {
  name: string;
  needs: readonly string[];
  durationMs: number;
}

export interface DagNode {
  name: string;
  x: number;
  y: number;
  rank: number;
}

export interface DagEdge {
  from: string;
  to: string;
  /** SVG path, left to right; passes between the nodes of the columns that it crosses */
  path: string;
}

export interface DagLayout {
  nodes: DagNode[];
  edges: DagEdge[];
  width: number;
  height: number;
}

export const nodeWidth = 188;
export const nodeHeight = 52;
const columnGap = 44;
const rowGap = 20;
const margin = 12;

interface Slot {
  id: string;
  rank: number;
  /** ids of slots one column to the left */
  parents: string[];
  /** a bend of an edge that passes through this column, not a step */
  bend: boolean;
  order: number;
}

/**
 * Lays steps out in columns by their longest path from a start. An edge over several columns gets a place of its
 * own in each of them, so that it never runs through a name; places are ordered by the mean of their neighbours.
 */
export function layoutDag(steps: readonly DagInput[]): DagLayout {
  const ranks = rankSteps(steps);
  const { slots, chains } = placeSlots(steps, ranks);
  const columns = orderColumns(slots);
  const position = new Map<string, { x: number; y: number }>();
  const tallest = Math.max(1, ...columns.map(columnHeight));
  columns.forEach((column, rank) => {
    let y = margin + (tallest - columnHeight(column)) / 2;
    for (const slot of column) {
      const height = slot.bend ? rowGap : nodeHeight;
      position.set(slot.id, { x: margin + rank * (nodeWidth + columnGap), y: y + height / 2 });
      y += height + rowGap;
    }
  });
  const nodes = steps.map((step) => {
    const at = position.get(step.name) ?? { x: 0, y: 0 };
    return { name: step.name, x: at.x, y: at.y - nodeHeight / 2, rank: ranks.get(step.name) ?? 0 };
  });
  const edges = chains.map((chain) => ({
    from: chain[0] ?? '',
    to: chain.at(-1) ?? '',
    path: edgePath(chain.map((id) => position.get(id) ?? { x: 0, y: 0 })),
  }));
  const width =
    margin * 2 + columns.length * nodeWidth + Math.max(0, columns.length - 1) * columnGap;
  return { nodes, edges, width, height: tallest + margin * 2 };
}

/** Column of each step. A cycle (which the parser refuses) does not hang it. */
function rankSteps(steps: readonly DagInput[]): Map<string, number> {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const ranks = new Map<string, number>();
  const visit = (name: string, trail: ReadonlySet<string>): number => {
    const known = ranks.get(name);
    if (known !== undefined) return known;
    const step = byName.get(name);
    if (!step || trail.has(name)) return 0;
    const next = new Set(trail).add(name);
    const rank = Math.max(
      0,
      ...step.needs.filter((need) => byName.has(need)).map((need) => visit(need, next) + 1),
    );
    ranks.set(name, rank);
    return rank;
  };
  for (const step of steps) visit(step.name, new Set());
  return ranks;
}

function placeSlots(
  steps: readonly DagInput[],
  ranks: Map<string, number>,
): { slots: Slot[]; chains: string[][] } {
  const slots = new Map<string, Slot>();
  steps.forEach((step, order) => {
    const rank = ranks.get(step.name) ?? 0;
    slots.set(step.name, { id: step.name, rank, parents: [], bend: false, order });
  });
  const chains: string[][] = [];
  steps.forEach((step, order) => {
    for (const need of directNeeds(step, steps)) {
      const from = ranks.get(need) ?? 0;
      const to = ranks.get(step.name) ?? 0;
      const chain = [need];
      for (let rank = from + 1; rank < to; rank += 1) {
        const id = `${need}\u0000${step.name}\u0000${rank}`;
        slots.set(id, { id, rank, parents: [chain.at(-1) ?? need], bend: true, order });
        chain.push(id);
      }
      slots.get(step.name)?.parents.push(chain.at(-1) ?? need);
      chain.push(step.name);
      chains.push(chain);
    }
  });
  return { slots: [...slots.values()], chains };
}

/** Needs without those that another need implies already: a → c is not drawn beside a → b → c. */
function directNeeds(step: DagInput, steps: readonly DagInput[]): string[] {
  const byName = new Map(steps.map((each) => [each.name, each]));
  const reaches = (from: string, wanted: string, seen: Set<string>): boolean => {
    if (seen.has(from)) return false;
    seen.add(from);
    const needs = byName.get(from)?.needs ?? [];
    return needs.some((need) => need === wanted || reaches(need, wanted, seen));
  };
  const known = [...new Set(step.needs)].filter((need) => byName.has(need) && need !== step.name);
  return known.filter(
    (need) => !known.some((other) => other !== need && reaches(other, need, new Set())),
  );
}

function orderColumns(slots: Slot[]): Slot[][] {
  const count = Math.max(0, ...slots.map((slot) => slot.rank)) + 1;
  const columns = Array.from({ length: slots.length === 0 ? 0 : count }, (_, rank) =>
    slots.filter((slot) => slot.rank === rank).sort((a, b) => a.order - b.order),
  );
  const children = new Map<string, string[]>();
  for (const slot of slots) {
    for (const parent of slot.parents)
      children.set(parent, [...(children.get(parent) ?? []), slot.id]);
  }
  for (let sweep = 0; sweep < 4; sweep += 1) {
    for (const column of columns.slice(1))
      sortByNeighbours(column, columns, (slot) => slot.parents);
    for (const column of columns.slice(0, -1).reverse()) {
      sortByNeighbours(column, columns, (slot) => children.get(slot.id) ?? []);
    }
  }
  return columns;
}

function sortByNeighbours(
  column: Slot[],
  columns: Slot[][],
  neighbours: (slot: Slot) => string[],
): void {
  const place = new Map<string, number>();
  for (const each of columns) {
    each.forEach((slot, index) => place.set(slot.id, (index + 0.5) / each.length));
  }
  const mean = (slot: Slot): number => {
    const near = neighbours(slot);
    if (near.length === 0) return place.get(slot.id) ?? 0;
    return near.reduce((sum, id) => sum + (place.get(id) ?? 0), 0) / near.length;
  };
  const weights = new Map(column.map((slot) => [slot.id, mean(slot)]));
  column.sort((a, b) => (weights.get(a.id) ?? 0) - (weights.get(b.id) ?? 0) || a.order - b.order);
}

function columnHeight(column: Slot[]): number {
  const heights = column.reduce((sum, slot) => sum + (slot.bend ? rowGap : nodeHeight), 0);
  return heights + Math.max(0, column.length - 1) * rowGap;
}

function edgePath(points: { x: number; y: number }[]): string {
  const [first] = points;
  if (!first) return '';
  let path = `M${first.x + nodeWidth} ${first.y}`;
  for (let i = 1; i < points.length; i += 1) {
    const from = points[i - 1] ?? first;
    const to = points[i] ?? first;
    const start = from.x + nodeWidth;
    const middle = (start + to.x) / 2;
    path += `C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`;
    if (i < points.length - 1) path += `H${to.x + nodeWidth}`;
  }
  return path;
}

/** Names on the chain that decided how long the run took (or takes so far), first to last. */
export function criticalPath(steps: readonly DagInput[]): string[] {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const best = new Map<string, { cost: number; via: string | null }>();
  const visit = (name: string, trail: ReadonlySet<string>): number => {
    const known = best.get(name);
    if (known) return known.cost;
    const step = byName.get(name);
    if (!step || trail.has(name)) return 0;
    const next = new Set(trail).add(name);
    let cost = 0;
    let via: string | null = null;
    for (const need of step.needs.filter((each) => byName.has(each))) {
      const before = visit(need, next);
      if (via === null || before > cost) [cost, via] = [before, need];
    }
    best.set(name, { cost: cost + step.durationMs, via });
    return cost + step.durationMs;
  };
  let last: string | null = null;
  let longest = 0;
  for (const step of steps) {
    const cost = visit(step.name, new Set());
    if (cost > longest) [longest, last] = [cost, step.name];
  }
  const path: string[] = [];
  for (let at = last; at !== null && !path.includes(at); at = best.get(at)?.via ?? null)
    path.unshift(at);
  return path;
}
