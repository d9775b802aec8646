import type { EventRecord } from '../../contracts/event/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { can } from '../identity/check-access.ts';
import { maySeeProject } from '../project/find-project.ts';
import type { Db } from '../shared/db.ts';

/** A project's visibility may change without any permission changing. */
const trustMs = 5_000;

/**
 * Which events one caller may see: those of projects they may see, and with `admin:read` those of no project.
 * Remembers its decisions for a moment, because a stream asks for every event.
 */
export class EventAccess {
  private readonly db: Db;
  private caller: Caller;
  private readonly known = new Map<string, { allowed: boolean; until: number }>();

  constructor(db: Db, caller: Caller) {
    this.db = db;
    this.caller = caller;
  }

  /** Forgets all decisions: permissions changed. */
  renew(accessEpoch: bigint): void {
    this.known.clear();
    this.caller = { ...this.caller, principal: { ...this.caller.principal, accessEpoch } };
  }

  /** Answers at once when it knows. */
  allows(event: Pick<EventRecord, 'projectId'>): boolean | Promise<boolean> {
    const key = event.projectId ?? '';
    const known = this.known.get(key);
    if (known && known.until > Date.now()) return known.allowed;
    return this.decide(event.projectId, key);
  }

  private async decide(projectId: string | null, key: string): Promise<boolean> {
    const allowed =
      projectId === null
        ? await can(this.db, this.caller.principal, 'admin:read', null)
        : await maySeeProject(this.db, this.caller, projectId);
    this.known.set(key, { allowed, until: Date.now() + trustMs });
    return allowed;
  }
}
