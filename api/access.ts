import type { Context } from 'hono';
import type { Permission } from '../contracts/identity/permissions.ts';
import type { AppEnv } from './env.ts';

/** Finds the project that a permission is asked on: an id, or null for a global permission. */
export type FindProjectId = (c: Context<AppEnv>) => Promise<string | null>;

/**
 * Who may call a route. There is no default: a route without it does not compile.
 * - `public`: anybody; credentials are not even read unless `identify` is true (then a bad one is still refused).
 * - `authenticated`: anybody who signed in; what is shown or done is limited by the permissions that are asked inside.
 * - `account`: what belongs to the person and to no project (tokens, sessions, notifications …): a session or a token that
 *   nothing limits; no agent, no JWT.
 * - `permission`: on the project of the path (`{owner}/{project}`), globally, or on the project that a function finds.
 *   `any` and `all` take several permissions.
 * - `role`: holders of a role by name, globally.
 */
export type Access =
  | { kind: 'public'; identify?: boolean }
  | { kind: 'authenticated' }
  | { kind: 'account' }
  | {
      kind: 'permission';
      permission: Permission;
      project: 'path' | 'global' | FindProjectId;
    }
  | {
      kind: 'any' | 'all';
      permissions: readonly Permission[];
      project: 'path' | 'global' | FindProjectId;
    }
  | { kind: 'role'; role: string };
