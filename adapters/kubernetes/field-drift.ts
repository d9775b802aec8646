import { type Manifest, refOf } from '../../contracts/deploy/manifest.ts';
import { fieldManager, type FieldDrift } from '../../contracts/deploy/target.ts';
import { listAt, part, textAt } from './part.ts';

const MAX_DRIFTS = 100;
/** What the server writes itself; an apply never changes it. */
const serverFields = new Set([
  'managedFields',
  'resourceVersion',
  'generation',
  'uid',
  'creationTimestamp',
  'selfLink',
]);

/**
 * Where `live` is not what it would be if we applied again (`applied`, the answer to a dry run). What others manage is the
 * same in both, so everything that differs is ours. Values of Secrets are not told.
 */
export function driftBetween(applied: Manifest, live: Manifest): FieldDrift[] {
  const ref = refOf(applied);
  const found: FieldDrift[] = [];
  compare(withoutServerFields(applied), withoutServerFields(live), [], (path, desired, actual) => {
    if (found.length >= MAX_DRIFTS) return;
    const isHidden = ref.kind === 'Secret' && (path[0] === 'data' || path[0] === 'stringData');
    found.push({
      ref,
      path: pointerOf(path),
      desired: isHidden ? '(hidden)' : desired,
      live: isHidden ? '(hidden)' : actual,
      manager: managerOf(live, path),
    });
  });
  return found;
}

type Path = readonly (string | number)[];
type Report = (path: Path, desired: unknown, live: unknown) => void;

function compare(desired: unknown, live: unknown, path: Path, report: Report): void {
  if (Array.isArray(desired) && Array.isArray(live)) {
    for (let at = 0; at < Math.max(desired.length, live.length); at += 1) {
      compare(desired[at], live[at], [...path, at], report);
    }
    return;
  }
  if (isMap(desired) && isMap(live)) {
    for (const key of new Set([...Object.keys(desired), ...Object.keys(live)])) {
      compare(desired[key], live[key], [...path, key], report);
    }
    return;
  }
  if (JSON.stringify(desired) !== JSON.stringify(live)) {
    report(path, desired ?? null, live ?? null);
  }
}

/**
 * Who wrote a field last, by `managedFields`: the newest manager, other than us, that owns the field or a list it is part
 * of. Null when nobody does, as after a deletion of the field.
 */
export function managerOf(live: Manifest, path: Path): string | null {
  // The server turns `stringData` into `data`, but remembers who wrote it under the first name.
  const ways = [path, ...(path[0] === 'data' ? [['stringData', ...path.slice(1)]] : [])];
  const owners = listAt(live, 'metadata', 'managedFields')
    .filter((entry) => textAt(entry, 'subresource') === '')
    .filter((entry) => textAt(entry, 'manager') !== fieldManager)
    .filter((entry) => ways.some((way) => owns(part(entry, 'fieldsV1'), live, way)))
    .sort((a, b) => Date.parse(textAt(b, 'time')) - Date.parse(textAt(a, 'time')));
  return owners[0] === undefined ? null : textAt(owners[0], 'manager');
}

function owns(fields: unknown, value: unknown, path: Path): boolean {
  if (!isMap(fields)) return false;
  const [key, ...rest] = path;
  // An owner of the whole (an empty set of fields) owns its parts.
  if (key === undefined || Object.keys(fields).length === 0) return true;
  if (typeof key === 'string') {
    const inner = fields[`f:${key}`];
    return inner !== undefined && owns(inner, part(value, key), rest);
  }
  const element = part(value, key);
  return Object.entries(fields).some(
    ([name, inner]) => isElement(name, element, key) && owns(inner, element, rest),
  );
}

/** Whether a name such as `k:{"name":"web"}`, `v:"x"` or `i:0` stands for an element of a list. */
function isElement(name: string, element: unknown, index: number): boolean {
  if (name === `i:${index}`) return true;
  if (name.startsWith('v:')) return name.slice(2) === JSON.stringify(element);
  if (!name.startsWith('k:')) return false;
  const keys = JSON.parse(name.slice(2)) as Record<string, unknown>;
  return Object.entries(keys).every(([key, expected]) => part(element, key) === expected);
}

function withoutServerFields({ status: _status, ...object }: Manifest): Manifest {
  const metadata = Object.entries(object.metadata).filter(([key]) => !serverFields.has(key));
  return { ...object, metadata: Object.fromEntries(metadata) } as Manifest;
}

function pointerOf(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
