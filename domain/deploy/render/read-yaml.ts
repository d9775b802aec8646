import { isMap, isScalar, type Document, type ScalarTag } from 'yaml';
import { readStrictYaml, startOf, YamlRefusal } from '../../shared/read-strict-yaml.ts';
import { RenderRefusal } from './faults.ts';

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
 * Reads all documents of a file as Kubernetes reads them (`yes` and `0644` as YAML 1.1 has them), by the limits of
 * `readStrictYaml` and at most 1 MiB. Empty documents are left out.
 */
export function readYaml(source: YamlSource): YamlDocument[] {
  const lineIn = (line: number): number => source.lines?.[line - 1] ?? line;
  try {
    const { documents, positionOf } = readStrictYaml(source.text, {
      limit: { bytes: 1024 * 1024, name: '1 MiB' },
      scalars: kubernetesTags,
      refuseScalar: oddScalar,
    });
    return documents.flatMap(({ document, value }) => {
      if (value === null || value === undefined) return [];
      const lineAt: YamlDocument['lineAt'] = (path) =>
        lineIn(positionOf(offsetAt(document, path)).line);
      return [{ value, lineAt }];
    });
  } catch (error) {
    if (!(error instanceof YamlRefusal)) throw error;
    const { line } = error.positionOf(error.faults[0]?.offset ?? 0);
    throw new RenderRefusal(source.file, lineIn(line), error.message);
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

function oddScalar(value: unknown): string | null {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return 'Kubernetes knows neither infinity nor NaN: put it in quotes';
  }
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return 'the number is too large to be exact: put it in quotes';
  }
  if (typeof value === 'bigint' || value instanceof Uint8Array || value instanceof Date) {
    return 'this kind of value is not known to Kubernetes: put it in quotes';
  }
  return null;
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
