import { posix } from 'node:path';
import { workspaceTarget } from './options.ts';

/** What a workspace holds: `F` a file, else a link by what it leads to: `f`ile, `d`ir, `N`othing, `L`oop, other things. */
export interface Listed {
  kind: string;
  /** relative to the workspace */
  name: string;
}

/** Says what became of a link, in one sentence. */
export type Told = (line: string) => void;

/** A few links to folders of links can name the same files without end. */
const mostFollowed = 20_000;
/** Looked at on the way, files or not: folders of links to folders of links double with each. */
const mostLooked = 200_000;
/** Folders that lead to one another, each by a link or by lying within the one before. */
const deepest = 256;
/** A folder of a thousand links is not worth a thousand lines. */
const mostTold = 20;

/**
 * Names of the files that links lead to, below the links' own names, and a sentence for each link. What leads out of the
 * workspace, or into its clone's own files, is left out.
 * @param all the whole workspace
 * @param links those that are asked for
 * @param targets where links lead, absolute
 */
export function followLinks(
  all: readonly Listed[],
  links: readonly Listed[],
  targets: ReadonlyMap<string, string>,
  told: Told,
): string[] {
  const tree = new Tree(all, targets);
  const reached: string[] = [];
  let count = 0;
  for (const link of links) {
    const said = tree.follow(link, reached);
    count += 1;
    if (count <= mostTold) told(said);
  }
  if (count > mostTold) told(`${String(count - mostTold)} more links are not told one by one`);
  if (tree.isTooMuch)
    told(
      `links lead over more than ${String(mostLooked)} names: what is behind them is not stored`,
    );
  if (reached.length >= mostFollowed)
    told(`links lead to more than ${String(mostFollowed)} files: the others are not stored`);
  return reached;
}

class Tree {
  readonly #children = new Map<string, Listed[]>();
  readonly #targets: ReadonlyMap<string, string>;
  #looked = 0;

  constructor(all: readonly Listed[], targets: ReadonlyMap<string, string>) {
    this.#targets = targets;
    for (const one of all) this.#add(one);
  }

  #add(one: Listed): void {
    const parent = posix.dirname(one.name);
    const siblings = this.#children.get(parent);
    if (siblings !== undefined) siblings.push(one);
    else {
      this.#children.set(parent, [one]);
      if (parent !== '.') this.#add({ kind: 'D', name: parent });
    }
  }

  get isTooMuch(): boolean {
    return this.#looked > mostLooked;
  }

  follow({ kind, name }: Listed, reached: string[]): string {
    if (kind === 'N' || kind === '?') return `${name} is a link that leads nowhere: not stored`;
    if (kind === 'L') return `${name} is a link that leads to itself: not stored`;
    if (kind !== 'f' && kind !== 'd') return `${name} is a link to no file: not stored`;
    const target = this.#inside(name);
    if (target === null) return `${name} is a link that leads out of the workspace: not stored`;
    if (holds(target, name)) return `${name} is a link to a folder that holds it: not stored`;
    if (kind === 'f') reached.push(name);
    else if (!this.#walk(name, target, [target], reached))
      return `${name} is a link: stored as what it leads to, ${target}, but for links there that lead elsewhere`;
    return `${name} is a link: stored as what it leads to, ${target}`;
  }

  /** @returns false when something there was left out */
  #walk(as: string, dir: string, chain: readonly string[], reached: string[]): boolean {
    let isWhole = true;
    for (const { kind, name } of this.#children.get(dir) ?? []) {
      this.#looked += 1;
      if (reached.length >= mostFollowed || this.isTooMuch || chain.length > deepest) return false;
      const own = `${as}/${posix.basename(name)}`;
      const target = kind === 'D' ? name : this.#inside(name);
      if (kind === 'F' || (kind === 'f' && target !== null)) reached.push(own);
      else if (
        (kind !== 'D' && kind !== 'd') ||
        target === null ||
        chain.includes(target) ||
        (kind === 'd' && holds(target, name))
      )
        isWhole = false;
      else isWhole = this.#walk(own, target, [...chain, target], reached) && isWhole;
    }
    return isWhole;
  }

  /** Relative to the workspace; null where it leads out of it. */
  #inside(link: string): string | null {
    const target = this.#targets.get(link) ?? '';
    if (target === workspaceTarget) return '.';
    if (!target.startsWith(`${workspaceTarget}/`)) return null;
    const name = target.slice(workspaceTarget.length + 1);
    return name === '.git' || name.startsWith('.git/') ? null : name;
  }
}

function holds(folder: string, name: string): boolean {
  return folder === '.' || name.startsWith(`${folder}/`);
}
