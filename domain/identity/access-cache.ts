import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Granted } from './granted-permissions.ts';

const maxAgeMs = 5 * 60_000;
const maxEntries = 20_000;

interface Entry {
  permissions: ReadonlySet<Permission>;
  expiresAt: number;
}

/** Permission sets by key, for at most 5 minutes and never past the moment at which a set ends by itself. */
export class AccessCache {
  private readonly entries = new Map<string, Entry>();
  private readonly loading = new Map<string, Promise<ReadonlySet<Permission>>>();

  async get(key: string, load: () => Promise<Granted>): Promise<ReadonlySet<Permission>> {
    const known = this.entries.get(key);
    if (known && known.expiresAt > Date.now()) return known.permissions;
    // Many requests that miss at once ask once.
    const underWay = this.loading.get(key) ?? this.load(key, load);
    this.loading.set(key, underWay);
    try {
      return await underWay;
    } finally {
      this.loading.delete(key);
    }
  }

  private async load(key: string, load: () => Promise<Granted>): Promise<ReadonlySet<Permission>> {
    const started = Date.now();
    const { permissions, validUntil } = await load();
    const expiresAt = Math.min(started + maxAgeMs, validUntil?.getTime() ?? Infinity);
    this.entries.delete(key);
    this.entries.set(key, { permissions, expiresAt });
    if (this.entries.size > maxEntries) this.dropOldest();
    return permissions;
  }

  private dropOldest(): void {
    // A Map iterates in the order of insertion.
    for (const key of this.entries.keys()) {
      this.entries.delete(key);
      if (this.entries.size <= maxEntries * 0.9) return;
    }
  }
}
