import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  Lexer,
  LineCounter,
  parseAllDocuments,
  visit,
  type Document,
  type ScalarTag,
} from 'yaml';
import { RenderRefusal } from './faults.ts';

const MAX_BYTES = 1024 * 1024;
const MAX_TOKENS = 60_000;
const MAX_ALIASES = 100;
const MAX_EXPANDED = 100_000;
const MAX_DEPTH = 64;
const MAX_DOCUMENTS = 2000;

/** One document of a file, and where its parts are. */
export interface YamlDocument {
  value: unknown;
  /** line in the file (from 1) of the part at this path, or of the nearest part around it */
  lineAt(path: readonly (string | number)[]): number;
}

/** What a file holds as text, and how its lines are to be reported. */
export interface YamlSource {
  file: string;
  text: string;
  /** line of the file that a line of `text` came from, index 0 for line 1; absent: the same */
  lines?: readonly number[];
}

/**
 * Reads all documents of a file as Kubernetes reads them (`yes` and `0644` as YAML 1.1 has them), strictly: no duplicate
 * keys, at most 100 aliases which may not grow, 1 MiB, 60,000 tokens and a depth of 64, so that any file is done within a
 * second. Empty documents are left out.
 */
export function readYaml(source: YamlSource): YamlDocument[] {
  const { file, text } = source;
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw new RenderRefusal(file, 1, 'the file is larger than 1 MiB');
  }
  const counter = new LineCounter();
  const lineOf = (offset: number): number => {
    const { line } = counter.linePos(offset);
    return source.lines?.[line - 1] ?? Math.max(1, line);
  };
  limitTokens(file, text);
  const parsed = parseDocuments(file, text, counter);
  return parsed.flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new RenderRefusal(file, lineOf(error.pos[0]), error.message);
    if (document.contents === null) return [];
    checkDocument(file, document, lineOf);
    const value = plainValue(document, (reason) => {
      throw new RenderRefusal(file, lineOf(offsetAt(document, [])), reason);
    });
    if (value === null) return [];
    return [{ value, lineAt: (path) => lineOf(offsetAt(document, path)) }];
  });
}

function parseDocuments(file: string, text: string, lineCounter: LineCounter): Document[] {
  const parsed = parseAllDocuments(text, {
    lineCounter,
    prettyErrors: false,
    uniqueKeys: false, // compares each key with each other one: checkDocument does it in one pass
    merge: true,
    schema: 'core',
    customTags: (tags) => [...kubernetesTags, ...tags],
  });
  if (!Array.isArray(parsed)) return []; // nothing but comments
  if (parsed.length > MAX_DOCUMENTS) {
    throw new RenderRefusal(file, 1, 'the file has more than 2000 documents');
  }
  return parsed as Document[];
}

/** The document as plain values; merge keys are only looked at here, and may turn out to make no sense. */
function plainValue(document: Document, refuse: (reason: string) => never): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_EXPANDED });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : 'it cannot be read');
  }
}

/** Counts what the file is made of before anything is built from it. */
function limitTokens(file: string, text: string): void {
  let count = 0;
  for (const token of new Lexer().lex(text)) {
    if (token !== '') count += 1;
    if (count > MAX_TOKENS) {
      throw new RenderRefusal(file, 1, 'the file has too many parts: split it into several');
    }
  }
}

/** Scalars that Kubernetes reads in the way of YAML 1.1; `0644` as 420 matters for file modes. */
const kubernetesTags: ScalarTag[] = [
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    test: /^(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/,
    resolve: (text) => /^(?:y|on)/i.test(text),
  },
  {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    test: /^[-+]?0[0-7]+$/,
    resolve: (text) => parseInt(text, 8),
  },
];

/** Everything that a document may not hold; one look at each node. */
function checkDocument(file: string, document: Document, lineOf: (offset: number) => number): void {
  const refuse = (node: unknown, message: string) =>
    new RenderRefusal(file, lineOf(startOf(node) ?? 0), message);
  let aliases = 0;
  visit(document, (key, node, path) => {
    if (path.length > MAX_DEPTH * 2) throw refuse(node, 'it is nested deeper than 64 levels');
    if (isMap(node)) refuseDuplicates(node.items, refuse);
    if (isPair(node)) {
      if (isAlias(node.key) || (isNode(node.key) && !isScalar(node.key))) {
        throw refuse(node.key, 'a key has to be a text');
      }
    } else if (isAlias(node)) {
      aliases += 1;
      if (aliases > MAX_ALIASES) throw refuse(node, 'there are more than 100 aliases');
      if (node.resolve(document) === undefined) {
        throw refuse(node, `the alias *${node.source} stands for nothing`);
      }
    } else if (isScalar(node) && key !== 'key') {
      refuseOddScalar(node.value, (message) => refuse(node, message));
    }
    return undefined;
  });
  if (aliases > 0 && expandedSize(document) > MAX_EXPANDED) {
    throw refuse(document.contents, 'its aliases grow into too much');
  }
}

function refuseDuplicates(
  items: readonly unknown[],
  refuse: (node: unknown, message: string) => RenderRefusal,
): void {
  const seen = new Set<string>();
  for (const item of items) {
    if (!isPair(item) || !isScalar(item.key)) continue;
    const name = String(item.key.value);
    if (name === '__proto__') throw refuse(item.key, 'the key "__proto__" is not accepted');
    if (name === '<<') continue;
    if (seen.has(name)) throw refuse(item.key, `the key "${name}" is there twice`);
    seen.add(name);
  }
}

function refuseOddScalar(value: unknown, refuse: (message: string) => RenderRefusal): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw refuse('Kubernetes knows neither infinity nor NaN: put it in quotes');
  }
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw refuse('the number is too large to be exact: put it in quotes');
  }
  if (typeof value === 'bigint' || value instanceof Uint8Array || value instanceof Date) {
    throw refuse('this kind of value is not known to Kubernetes: put it in quotes');
  }
}

/** Nodes of the document with every alias replaced by what it stands for; infinite for one within itself. */
function expandedSize(document: Document): number {
  const sizes = new Map<unknown, number>();
  const sizeOf = (node: unknown): number => {
    const known = sizes.get(node);
    if (known !== undefined) return known;
    sizes.set(node, Infinity); // whoever comes back here while it is counted holds itself
    const size =
      1 + childrenOf(node, document).reduce<number>((sum, part) => sum + sizeOf(part), 0);
    sizes.set(node, size);
    return size;
  };
  return sizeOf(document.contents);
}

function childrenOf(node: unknown, document: Document): unknown[] {
  if (isAlias(node)) return [node.resolve(document)];
  if (isPair(node)) return [node.key, node.value];
  if (typeof node === 'object' && node !== null && 'items' in node && Array.isArray(node.items)) {
    return node.items as unknown[];
  }
  return [];
}

function offsetAt(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    const parent: unknown = document.getIn(path.slice(0, length - 1), true);
    const key = isMap(parent)
      ? parent.items.find((item) => isScalar(item.key) && item.key.value === path[length - 1])?.key
      : undefined;
    const offset = startOf(key) ?? startOf(node);
    if (offset !== null) return offset;
  }
  return startOf(document.contents) ?? 0;
}

function startOf(node: unknown): number | null {
  if (isPair(node)) return startOf(node.key);
  if (!isNode(node)) return null;
  return node.range?.[0] ?? null;
}
