import { permissionsBesideSight } from '../../contracts/event/event-permission.ts';
import type { EventRecord } from '../../contracts/event/types.ts';
import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Caller, Principal } from '../../contracts/identity/principal.ts';
import { can, canAll } from '../identity/check-access.ts';
import { maySeeProject } from '../project/find-project.ts';
import type { Db } from '../shared/db.ts';

/** A project's visibility may change without any permission changing. */
const trustMs = 5_000;
/** Decisions that ask the database at once: thousands of streams must leave connections for requests. */
const maxDeciding = 4;

/** Lets a few through at a time, in the order of asking. */
class Turnstile {
  private free = maxDeciding;
  private readonly queue: (() => void)[] = [];

  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}

interface Decision {
  allowed: boolean | Promise<boolean>;
  until: number;
}

/**
 * Which events one caller may see: those of projects they may see, of rollouts and secrets only with the permission to
 * read these, and with `admin:read` those of no project.
 * Remembers its decisions for a moment, because a stream asks for every event.
 */
export class EventAccess {
  private readonly db: Db;
  private readonly turnstile: Turnstile;
  private caller: Caller;
  private readonly known = new Map<string, Decision>();

  constructor(db: Db, caller: Caller, turnstile = new Turnstile()) {
    this.db = db;
    this.caller = caller;
    this.turnstile = turnstile;
  }

  /** Forgets all decisions: permissions changed. */
  renew(accessEpoch: bigint): void {
    if (this.caller.principal.accessEpoch === accessEpoch) return;
    this.known.clear();
    this.caller = { ...this.caller, principal: { ...this.caller.principal, accessEpoch } };
  }

  /** Answers at once when it knows. */
  allows(event: Pick<EventRecord, 'projectId' | 'type'>): boolean | Promise<boolean> {
    const more = permissionsBesideSight(event.type);
    const key = `${event.projectId ?? ''} ${more.join(' ')}`;
    const known = this.known.get(key);
    if (known && known.until > Date.now()) return known.allowed;
    const allowed = this.turnstile.pass(() => this.decide(event.projectId, more));
    const decision: Decision = { allowed, until: Date.now() + trustMs };
    this.known.set(key, decision);
    const settle = (answer: boolean) => {
      decision.allowed = answer;
      decision.until = Date.now() + trustMs;
    };
    allowed.then(settle, () => this.known.delete(key));
    return allowed;
  }

  private async decide(projectId: string | null, more: readonly Permission[]): Promise<boolean> {
    const { principal } = this.caller;
    if (projectId === null) return can(this.db, principal, 'admin:read', null);
    if (!(await maySeeProject(this.db, this.caller, projectId))) return false;
    return canAll(this.db, principal, more, projectId);
  }
}

/** All that decides what a principal may do, and nothing of how it signed in. */
function keyOf(principal: Principal): string {
  const { userId, actChain, scopes, projectId, claimedPermissions, claimedRoles, kind } = principal;
  return JSON.stringify([
    userId,
    kind,
    actChain,
    scopes,
    projectId,
    claimedPermissions,
    claimedRoles,
  ]);
}

/** The decisions of all open streams: callers who may do the same share them. */
export class EventAccesses {
  private readonly db: Db;
  private readonly turnstile = new Turnstile();
  private readonly shared = new Map<string, { access: EventAccess; users: number }>();

  constructor(db: Db) {
    this.db = db;
  }

  /** @returns the decisions for this caller; `release` them when the stream ends */
  take(caller: Caller): { access: EventAccess; release: () => void } {
    const key = keyOf(caller.principal);
    const entry = this.shared.get(key) ?? {
      access: new EventAccess(this.db, caller, this.turnstile),
      users: 0,
    };
    entry.users += 1;
    // Whoever comes later may know of a newer change of permissions.
    entry.access.renew(caller.principal.accessEpoch);
    this.shared.set(key, entry);
    const release = () => {
      entry.users -= 1;
      if (entry.users === 0) this.shared.delete(key);
    };
    return { access: entry.access, release };
  }
}
