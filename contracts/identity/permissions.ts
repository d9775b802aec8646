/** The closed list of permissions, `resource:action`. */
export const permissions = [
  'project:read',
  'project:write',
  'project:delete',
  'project:delegate',
  'issue:read',
  'issue:write',
  'pipeline:read',
  'pipeline:run',
  'agent:read',
  'agent:run',
  'agent:write',
  'deploy:read',
  'deploy:write',
  'deploy:promote',
  'observe:read',
  'observe:write',
  'alert:read',
  'alert:manage',
  'secret:read',
  'secret:write',
  'secret:delete',
  'governance:read',
  'governance:write',
  'job:read',
  'job:run',
  'audit:read',
  'health:read',
  'configs:read',
  'configs:write',
  'executions:read',
  'executions:write',
  'deployments:read',
  'deployments:write',
  'users:read',
  'users:write',
  'admin:read',
  'admin:users',
  'admin:manage',
  'admin:delegate',
] as const;

export type Permission = (typeof permissions)[number];

/** A permission or a wildcard over one: `*:read`, `users:*`, `*:*`. */
export type PermissionPattern = Permission | `${string}:*` | `*:${string}`;

const shape = /^(\*|[a-z][a-z_-]*):(\*|[a-z][a-z_-]*)$/;

/** True for `resource:action` with lower-case words or `*` on either side. */
export function isPermissionPattern(value: string): value is PermissionPattern {
  return shape.test(value);
}

/** True when `pattern` (`project:read`, `*:read`, `users:*`, `*:*`) covers `wanted`. */
export function permissionCovers(pattern: string, wanted: string): boolean {
  const [resource, action] = pattern.split(':');
  const [wantedResource, wantedAction] = wanted.split(':');
  return (
    (resource === '*' || resource === wantedResource) && (action === '*' || action === wantedAction)
  );
}

/**
 * What holding one permission also gives, because the seeds' roles name only the coarse one:
 * reading a project includes its issues and pipelines, writing it includes running pipelines.
 */
export const impliedPermissions: Readonly<Partial<Record<Permission, readonly Permission[]>>> = {
  'project:read': ['issue:read', 'pipeline:read'],
  'project:write': ['project:read', 'issue:write', 'pipeline:run'],
};

/** Any of these lets somebody change what a lasting environment runs. */
export const deployPermissions = ['deploy:write', 'deploy:promote'] as const;

/** Everything that is asked on a project. */
const ofProjects: readonly PermissionPattern[] = [
  'project:*',
  'issue:*',
  'pipeline:*',
  'agent:*',
  'deploy:*',
  'observe:*',
  'alert:*',
  'secret:*',
];

export interface SystemRole {
  name: string;
  description: string;
  isSystem: boolean;
  permissions: readonly PermissionPattern[];
  inherits: readonly string[];
}

/** Running and watching what is rolled out: what an operator lets an agent do. */
const operating: readonly PermissionPattern[] = ['deploy:*', 'observe:*', 'alert:*'];

/** True for what is asked on a single project: to hand it on is the business of those who hold `project:delegate` there. */
export function isOfProjects(permission: Permission): boolean {
  return ofProjects.some((pattern) => permissionCovers(pattern, permission));
}

/** True for running and watching deployments: an operator of the whole installation hands it to agents. */
export function isOperating(permission: Permission): boolean {
  return operating.some((pattern) => permissionCovers(pattern, permission));
}

/** Roles that every installation has. The five system ones are seed 001's, `editor` and `reader` seed 002's. */
export const seededRoles: readonly SystemRole[] = [
  { name: 'admin', description: 'Everything', isSystem: true, permissions: ['*:*'], inherits: [] },
  {
    name: 'developer',
    description: 'Writes code and runs pipelines',
    isSystem: true,
    permissions: [
      'project:read',
      'project:write',
      'agent:run',
      'deploy:read',
      'observe:read',
      'secret:read',
    ],
    inherits: [],
  },
  {
    name: 'ops',
    description: 'Promotes, watches and answers alerts',
    isSystem: true,
    permissions: [
      'deploy:read',
      'deploy:promote',
      'observe:read',
      'observe:write',
      'alert:manage',
      'secret:read',
    ],
    inherits: [],
  },
  {
    name: 'agent',
    description: 'Nothing until delegated',
    isSystem: true,
    permissions: [],
    inherits: [],
  },
  {
    name: 'viewer',
    description: 'Reads projects, telemetry and deployments',
    isSystem: true,
    permissions: ['project:read', 'observe:read', 'deploy:read'],
    inherits: [],
  },
  {
    name: 'maintainer',
    description: 'Everything on a project; bound to whoever creates it',
    isSystem: false,
    permissions: ofProjects,
    inherits: [],
  },
  {
    name: 'reader',
    description: 'Reads configurations, executions and deployments',
    isSystem: false,
    permissions: ['configs:read', 'executions:read', 'deployments:read', 'health:read'],
    inherits: [],
  },
  {
    name: 'editor',
    description: 'Writes configurations, executions and deployments',
    isSystem: false,
    permissions: ['configs:*', 'executions:*', 'deployments:*'],
    inherits: ['reader'],
  },
];
