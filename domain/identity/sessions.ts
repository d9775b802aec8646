import { randomBytes } from 'node:crypto';
import { Lucia, TimeSpan, type Adapter, type DatabaseSession, type DatabaseUser } from 'lucia';
import { newId } from '../shared/new-id.ts';
import type { Db } from '../shared/db.ts';
import { sha256Hex } from './hash-token.ts';

declare module 'lucia' {
  interface Register {
    Lucia: Sessions;
    DatabaseSessionAttributes: SessionAttributes;
    DatabaseUserAttributes: UserAttributes;
  }
}

export interface SessionAttributes {
  /** id of the row, which may be shown; the cookie's value may not */
  rowId: string;
  ipAddr: string | null;
  userAgent: string | null;
  accessEpoch: bigint;
}

export interface UserAttributes {
  name: string;
  kind: string;
  isActive: boolean;
}

type Sessions = Lucia<SessionAttributes, UserAttributes>;

interface SessionRow {
  row_id: string;
  user_id: string;
  expires_at: Date;
  ip_addr: string | null;
  user_agent: string | null;
  name: string;
  kind: string;
  is_active: boolean;
  epoch: bigint;
}

export const sessionCookieName = 'slipway_session';

/** Lucia sees cookie values as session ids; the database sees their sha256 only. */
function sessionAdapter(db: Db): Adapter {
  return {
    getSessionAndUser: (value) => readSession(db, value),
    async getUserSessions(userId) {
      const rows = await db.authSession.findMany({ where: { userId } });
      return rows.map((row) => ({
        id: row.id,
        userId,
        expiresAt: row.expiresAt,
        attributes: {
          rowId: row.id,
          ipAddr: row.ipAddr,
          userAgent: row.userAgent,
          accessEpoch: 0n,
        },
      }));
    },
    async setSession({ id, userId, expiresAt, attributes }) {
      const { rowId, ipAddr, userAgent } = attributes;
      const tokenHash = sha256Hex(id);
      await db.authSession.create({
        data: { id: rowId, userId, tokenHash, ipAddr, userAgent, expiresAt },
      });
    },
    async updateSessionExpiration(id, expiresAt) {
      await db.authSession.updateMany({ where: { tokenHash: sha256Hex(id) }, data: { expiresAt } });
    },
    async deleteSession(id) {
      await db.authSession.deleteMany({ where: { tokenHash: sha256Hex(id) } });
    },
    async deleteUserSessions(userId) {
      await db.authSession.deleteMany({ where: { userId } });
    },
    async deleteExpiredSessions() {
      await db.authSession.deleteMany({ where: { expiresAt: { lte: new Date() } } });
    },
  };
}

async function readSession(
  db: Db,
  value: string,
): Promise<[session: DatabaseSession | null, user: DatabaseUser | null]> {
  // One round trip for the session, its user and the epoch that keys the permission cache.
  const rows = await db.$queryRaw<SessionRow[]>`
    SELECT s.id AS row_id, s.user_id, s.expires_at, host(s.ip_addr) AS ip_addr, s.user_agent,
           u.name, u.kind, u.is_active, coalesce((SELECT epoch FROM access_epoch), 1) AS epoch
      FROM auth_sessions s JOIN users u ON u.id = s.user_id
     WHERE s.token_hash = ${sha256Hex(value)}`;
  const row = rows[0];
  if (!row) return [null, null];
  const session = {
    id: value,
    userId: row.user_id,
    expiresAt: row.expires_at,
    attributes: {
      rowId: row.row_id,
      ipAddr: row.ip_addr,
      userAgent: row.user_agent,
      accessEpoch: row.epoch,
    },
  };
  const user = {
    id: row.user_id,
    attributes: { name: row.name, kind: row.kind, isActive: row.is_active },
  };
  return [session, user];
}

/**
 * The only place that knows Lucia (no longer developed upstream): creating, checking and ending browser sessions.
 * @param durationMs life of a session; it is prolonged once half of it is over
 */
export function createSessions(db: Db, durationMs: number): Sessions {
  return new Lucia(sessionAdapter(db), {
    sessionExpiresIn: new TimeSpan(durationMs, 'ms'),
    sessionCookie: { name: sessionCookieName },
    getSessionAttributes: (attributes) => attributes,
    getUserAttributes: (attributes) => attributes,
  });
}

export interface NewSession {
  /** value of the cookie, shown once */
  value: string;
  id: string;
  expiresAt: Date;
}

/** Opens a session; the answer's `value` is known to the browser only. */
export async function openSession(
  db: Db,
  durationMs: number,
  of: { userId: string; ipAddr: string | null; userAgent: string | null },
): Promise<NewSession> {
  const value = randomBytes(32).toString('base64url');
  const rowId = newId('session');
  const session = await createSessions(db, durationMs).createSession(
    of.userId,
    { rowId, ipAddr: of.ipAddr, userAgent: of.userAgent?.slice(0, 500) ?? null, accessEpoch: 0n },
    { sessionId: value },
  );
  return { value, id: rowId, expiresAt: session.expiresAt };
}
