import { impliedPermissions, type Permission } from '../identity/permissions.ts';
import type { EventType } from './types.ts';

const ofAreas: Readonly<Record<string, readonly Permission[]>> = {
  issue: ['issue:read'],
  pipeline: ['pipeline:read'],
  step: ['pipeline:read'],
  artifact: ['pipeline:read'],
  // a gate stands in a pipeline or before a rollout
  gate: ['pipeline:read', 'deploy:read'],
  deployment: ['deploy:read'],
  preview: ['deploy:read'],
  ops_repo: ['deploy:read'],
  secret: ['secret:read'],
  engine: ['pipeline:read', 'deploy:read'],
};

/** What somebody has to be able to read on a project to be told of events of this type. */
export function permissionsOfEvent(type: EventType): readonly Permission[] {
  return ['project:read', ...(ofAreas[type.split('.')[0] ?? ''] ?? [])];
}

/**
 * The same for readers of lists and streams, without what everybody has who may see the project: nothing is left of it for
 * most types, `deploy:read` and `secret:read` for some.
 */
export function permissionsBesideSight(type: EventType): readonly Permission[] {
  const withSight = ['project:read', ...(impliedPermissions['project:read'] ?? [])];
  return permissionsOfEvent(type).filter((permission) => !withSight.includes(permission));
}
