import {
  Composer,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  Lexer,
  LineCounter,
  Parser,
  visit,
  type CST,
  type Document,
  type DocumentOptions,
  type ParseOptions,
  type ScalarTag,
  type SchemaOptions,
} from 'yaml';
import { isStorable } from './storable-json.ts';

const MAX_TOKENS = 60_000;
const MAX_ALIASES = 100;
const MAX_EXPANDED = 100_000;
const MAX_DEPTH = 64;
const MAX_DOCUMENTS = 2000;
/** What the parser holds open besides the levels of a value: the document, and the scalar at hand. */
const OPEN_BESIDES = 3;

export interface YamlOptions {
  /** bytes that the text may have, and how that is said */
  limit: { bytes: number; name: string };
  /** scalars that are read in another way than that of YAML 1.2 */
  scalars?: readonly ScalarTag[];
  /** values that are not accepted although they are YAML; null where there is nothing to say */
  refuseScalar?: (value: unknown) => string | null;
}

/** What is wrong with a text, and where: offset in it. */
export interface YamlFault {
  offset: number;
  message: string;
}

/** A text that is not read. Position of an offset by `positionOf`. */
export class YamlRefusal extends Error {
  readonly faults: readonly YamlFault[];
  readonly positionOf: PositionOf;

  constructor(faults: readonly YamlFault[], positionOf: PositionOf) {
    super(faults[0]?.message ?? 'it cannot be read');
    this.faults = faults;
    this.positionOf = positionOf;
  }
}

/** Line and column, both from 1, of an offset. */
export type PositionOf = (offset: number) => { line: number; column: number };

export interface StrictDocument {
  document: Document;
  value: unknown;
}

type Refuse = (offset: number, message: string) => YamlRefusal;

/**
 * The only way that YAML of strangers is read: every document of a text as plain values, with limits that hold before
 * anything is built of it, so that any text is done within a second. At most 60,000 tokens, a depth of 64, 2000
 * documents, 100 aliases that may not grow; no key twice, no text that the database cannot keep.
 * @throws YamlRefusal
 */
export function readStrictYaml(
  text: string,
  options: YamlOptions,
): { documents: StrictDocument[]; positionOf: PositionOf } {
  const counter = new LineCounter();
  const positionOf: PositionOf = (offset) => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const refuse: Refuse = (offset, message) => new YamlRefusal([{ offset, message }], positionOf);
  const { bytes, name } = options.limit;
  if (Buffer.byteLength(text) > bytes) {
    const size = (Buffer.byteLength(text) / 2 ** 20).toFixed(1);
    throw refuse(0, `the file is larger than ${name}: it has ${size} MiB`);
  }
  const documents = compose(text, counter, options.scalars ?? [], refuse).map((document) => {
    const faults = document.errors.map(({ pos, message }) => ({ offset: pos[0], message }));
    if (faults.length > 0) throw new YamlRefusal(faults, positionOf);
    checkDocument(document, options, refuse);
    return { document, value: plainValue(document, refuse) };
  });
  return { documents, positionOf };
}

/** Offset at which a node of a document begins; null for what is no node of the text. */
export function startOf(node: unknown): number | null {
  if (isPair(node)) return startOf(node.key);
  if (!isNode(node)) return null;
  return node.range?.[0] ?? null;
}

function compose(
  text: string,
  counter: LineCounter,
  scalars: readonly ScalarTag[],
  refuse: Refuse,
): Document[] {
  const settings: ParseOptions & DocumentOptions & SchemaOptions = {
    prettyErrors: false,
    uniqueKeys: false, // compares each key with each other one: checkDocument does it in one pass
    merge: true,
    schema: 'core',
    customTags: (tags) => [...scalars, ...tags],
  };
  const documents: Document[] = [];
  for (const document of new Composer(settings).compose(limitedTokens(text, counter, refuse))) {
    if (documents.length >= MAX_DOCUMENTS) {
      throw refuse(document.range[0], 'the file has more than 2000 documents');
    }
    documents.push(document);
  }
  return documents;
}

/** What the text is made of, counted and measured before anything recurses over it. */
function* limitedTokens(
  text: string,
  counter: LineCounter,
  refuse: Refuse,
): Generator<CST.Token, void> {
  const parser = new Parser(counter.addNewLine);
  counter.addNewLine(0);
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme !== '') count += 1;
    if (count > MAX_TOKENS) {
      throw refuse(parser.offset, 'the file has too many parts: split it into several');
    }
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_DEPTH + OPEN_BESIDES) {
      throw refuse(parser.offset - lexeme.length, 'it is nested deeper than 64 levels');
    }
  }
  yield* parser.end();
}

/** The document as plain values; merge keys are only looked at here, and may turn out to make no sense. */
function plainValue(document: Document, refuse: Refuse): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_EXPANDED });
  } catch (error) {
    const message = error instanceof Error ? error.message : 'it cannot be read';
    throw refuse(startOf(document.contents) ?? 0, message);
  }
}

/** Everything that a document may not hold; one look at each node. */
function checkDocument(document: Document, options: YamlOptions, refuseAt: Refuse): void {
  const refuse = (node: unknown, message: string) => refuseAt(startOf(node) ?? 0, message);
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
    } else if (isScalar(node)) {
      const odd = oddity(node.value) ?? (key === 'key' ? null : options.refuseScalar?.(node.value));
      if (odd != null) throw refuse(node, odd);
    }
    return undefined;
  });
  if (aliases > 0 && expandedSize(document) > MAX_EXPANDED) {
    throw refuse(document.contents, 'its aliases grow into too much');
  }
}

function oddity(value: unknown): string | null {
  return typeof value === 'string' && !isStorable(value)
    ? 'the text holds NUL or half of a character (a lone surrogate), which cannot be kept'
    : null;
}

function refuseDuplicates(
  items: readonly unknown[],
  refuse: (node: unknown, message: string) => YamlRefusal,
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
