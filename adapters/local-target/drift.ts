import { refOf, type Manifest } from '../../contracts/deploy/manifest.ts';
import type { FieldDrift } from '../../contracts/deploy/target.ts';
import { isRecord } from './json-fields.ts';
import type { StoredObject } from './state-store.ts';

/** Where the object is not as desired. Fields that only the object has are none of ours. */
export function driftOf(desired: Manifest, object: StoredObject | undefined): FieldDrift[] {
  const ref = refOf(desired);
  if (object === undefined) return [{ ref, path: '', desired, live: null, manager: null }];
  const found: FieldDrift[] = [];
  compare(desired, object.live, '', (path, wanted, live) => {
    // A Secret's values are told to nobody.
    const hide = desired.kind === 'Secret' && path.startsWith('/data');
    const shown = hide ? { desired: '***', live: '***' } : { desired: wanted, live };
    found.push({ ref, path, ...shown, manager: managerOf(object, path) });
  });
  return found;
}

type Report = (path: string, desired: unknown, live: unknown) => void;

function compare(desired: unknown, live: unknown, path: string, report: Report): void {
  const lists = Array.isArray(desired) && Array.isArray(live) && desired.length === live.length;
  if (lists || (isRecord(desired) && isRecord(live))) {
    const there = live as Record<string, unknown>;
    for (const [key, value] of Object.entries(desired as object)) {
      const step = key.replaceAll('~', '~0').replaceAll('/', '~1');
      compare(value, there[key], `${path}/${step}`, report);
    }
  } else if (Array.isArray(desired) || isRecord(desired) || desired !== live) {
    report(path, desired, live ?? null);
  }
}

/** Who wrote the field, or something in it. */
function managerOf(object: StoredObject, path: string): string | null {
  for (const [pointer, manager] of Object.entries(object.managers)) {
    if (pointer === path || pointer.startsWith(`${path}/`) || path.startsWith(`${pointer}/`)) {
      return manager;
    }
  }
  return null;
}
