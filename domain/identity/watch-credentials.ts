import type { Principal } from '../../contracts/identity/principal.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';

export interface CredentialWatcher {
  /** the session or token was revoked or is over, or the user was deactivated: end what is open. Called once. */
  onEnd: () => void;
  /** somebody's permissions changed: forget what was decided */
  onAccessChange: (epoch: bigint) => void;
}

/** Little of the principal is kept: there are thousands of these, for hours. */
interface Watched {
  via: Principal['via'];
  /** of the session or token, of the user of a JWT; '' where nothing can end it */
  id: string;
  watcher: CredentialWatcher;
  since: number;
}

/** A JWT cannot be asked about; whoever came with one shows it again after this time. */
const jwtMaxMs = 5 * 60_000;
/** unable to ask for so long, nobody is believed any more */
const blindMaxMs = 30_000;

interface Living {
  id: string;
  epoch: bigint;
}

/**
 * Watches the credentials behind open streams: one question for all of them every `everyMs`, so that thousands of
 * streams cost the same as one, and a revoked one ends within that time.
 */
export class CredentialWatch {
  private readonly db: PrismaClient;
  private readonly watched = new Set<Watched>();
  private readonly timer: NodeJS.Timeout;
  private asking = false;
  private lastAnswer = Date.now();
  private epoch = 0n;

  constructor(db: PrismaClient, everyMs = 2_000) {
    this.db = db;
    this.timer = setInterval(() => void this.check(), everyMs);
    this.timer.unref();
  }

  /** @returns stops to watch */
  watch(principal: Principal, watcher: CredentialWatcher): () => void {
    const { via, credentialId, userId } = principal;
    const id = via === 'jwt' ? userId : (credentialId ?? '');
    const entry = { via, id, watcher, since: Date.now() };
    this.watched.add(entry);
    return () => void this.watched.delete(entry);
  }

  close(): void {
    clearInterval(this.timer);
    this.watched.clear();
  }

  private async check(): Promise<void> {
    if (this.asking || this.watched.size === 0) {
      if (this.watched.size === 0) this.lastAnswer = Date.now();
      return;
    }
    this.asking = true;
    // Whoever comes while the question is under way is asked about next time.
    const entries = [...this.watched];
    try {
      this.apply(entries, await this.ask(entries));
      this.lastAnswer = Date.now();
    } catch {
      if (Date.now() - this.lastAnswer > blindMaxMs) for (const entry of entries) this.end(entry);
    } finally {
      this.asking = false;
    }
  }

  private async ask(entries: readonly Watched[]): Promise<Living[]> {
    const idsOf = (via: Principal['via']) => [
      ...new Set(entries.filter((entry) => entry.via === via).map((entry) => entry.id)),
    ];
    return this.db.$queryRaw<Living[]>`
      WITH living AS (
        SELECT s.id FROM auth_sessions s JOIN users u ON u.id = s.user_id
         WHERE s.id = ANY(${idsOf('session')}) AND s.expires_at > now() AND u.is_active
        UNION ALL
        SELECT t.id FROM api_tokens t JOIN users u ON u.id = t.user_id
         WHERE t.id = ANY(${idsOf('token')}) AND u.is_active
           AND (t.expires_at IS NULL OR t.expires_at > now())
        UNION ALL
        SELECT id FROM users WHERE id = ANY(${idsOf('jwt')}) AND is_active
        UNION ALL SELECT ''
      )
      SELECT id, (SELECT epoch FROM access_epoch) AS epoch FROM living`;
  }

  private apply(entries: readonly Watched[], living: readonly Living[]): void {
    const ids = new Set(living.map(({ id }) => id));
    const epoch = living[0]?.epoch ?? this.epoch;
    const changed = epoch !== this.epoch;
    this.epoch = epoch;
    for (const entry of entries) {
      if (!this.isAlive(entry, ids)) this.end(entry);
      else if (changed) entry.watcher.onAccessChange(epoch);
    }
  }

  private isAlive({ via, id, since }: Watched, ids: ReadonlySet<string>): boolean {
    if (via === 'system') return true;
    if (via === 'jwt') {
      // A subject that is no user of ours has no row that could be deactivated.
      const known = ids.has(id) || id.startsWith('jwt:');
      return known && Date.now() - since < jwtMaxMs;
    }
    return ids.has(id);
  }

  private end(entry: Watched): void {
    if (this.watched.delete(entry)) entry.watcher.onEnd();
  }
}
