import { z } from '@hono/zod-openapi';
import { isPermissionPattern } from '../../../contracts/identity/permissions.ts';

const pattern = z
  .string()
  .max(64)
  .refine(isPermissionPattern, {
    message: 'resource:action, * on either side',
    params: { rule: 'permission' },
  });

export const roleFields = {
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'Lower-case letters, digits and -'),
  description: z.string().max(500).nullable().optional(),
  permissions: z.array(pattern).max(200),
  inherits: z.array(z.string().min(1).max(100)).max(50).optional(),
};
