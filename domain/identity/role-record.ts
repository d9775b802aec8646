import type { Prisma } from '../../prisma/generated/client.ts';

export interface RoleRecord {
  id: string;
  name: string;
  description: string | null;
  isSystem: boolean;
  /** patterns of the role itself */
  permissions: string[];
  /** names of roles whose permissions it also has */
  inherits: string[];
}

export const roleInclude = {
  permissions: { include: { permission: true } },
  inherits: { include: { inherits: true } },
} as const satisfies Prisma.RoleInclude;

export type RoleRow = Prisma.RoleGetPayload<{ include: typeof roleInclude }>;

export function toRoleRecord(role: RoleRow): RoleRecord {
  return {
    id: role.id,
    name: role.name,
    description: role.description,
    isSystem: role.isSystem,
    permissions: role.permissions.map((held) => held.permission.name).sort(),
    inherits: role.inherits.map((edge) => edge.inherits.name).sort(),
  };
}
