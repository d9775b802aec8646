import { z } from '@hono/zod-openapi';
import { permissions } from '../../../contracts/identity/permissions.ts';

const time = z.string().openapi({ format: 'date-time' });

/** `owner/name` of the project that it is of; null: everywhere. */
const projectPath = z.string().nullable();

export const userSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    displayName: z.string().nullable(),
    email: z.string(),
    kind: z.enum(['human', 'agent']),
    isActive: z.boolean(),
    createdAt: time,
    updatedAt: time,
  })
  .openapi('User');

export const sessionSchema = z
  .object({
    id: z.string(),
    ipAddr: z.string().nullable(),
    userAgent: z.string().nullable(),
    createdAt: time,
    expiresAt: time,
    isCurrent: z.boolean(),
  })
  .openapi('Session');

export const tokenSchema = z
  .object({
    id: z.string(),
    userId: z.string(),
    name: z.string(),
    scopes: z.array(z.string()),
    projectId: z.string().nullable(),
    expiresAt: time.nullable(),
    lastUsedAt: time.nullable(),
    createdAt: time,
  })
  .openapi('ApiToken');

export const roleSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    isSystem: z.boolean(),
    permissions: z.array(z.string()),
    inherits: z.array(z.string()),
  })
  .openapi('Role');

export const bindingSchema = z
  .object({
    id: z.string(),
    userId: z.string(),
    userName: z.string(),
    role: z.string(),
    projectId: z.string().nullable(),
    projectPath,
    grantedBy: z.string().nullable(),
    createdAt: time,
  })
  .openapi('RoleBinding');

export const delegationSchema = z
  .object({
    id: z.string(),
    delegatorId: z.string(),
    delegatorName: z.string(),
    delegateId: z.string(),
    delegateName: z.string(),
    permission: z.string(),
    projectId: z.string().nullable(),
    projectPath,
    expiresAt: time.nullable(),
    reason: z.string().nullable(),
    createdAt: time,
    revokedAt: time.nullable(),
    revokedBy: z.string().nullable(),
    revokedByName: z.string().nullable(),
  })
  .openapi('Delegation');

/** Ids and names in paths and bodies. */
export const reference = z.string().min(1).max(100);
export const idParam = z.object({ id: reference });
export const futureTime = z.iso.datetime({
  offset: true,
  message: 'A time such as 2030-01-31T12:00:00Z',
});
export const password = z.string().min(12).max(1024);
export const permissionSchema = z.enum(permissions);

/** A JSON answer of a route. */
export function json<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: { 'application/json': { schema } } };
}

/** A JSON body of a route. */
export function jsonBody<T extends z.ZodType>(schema: T) {
  return { required: true, content: { 'application/json': { schema } } };
}

export const noContent = { 204: { description: 'Done' } };
