import { z } from '@hono/zod-openapi';
import { environments } from '../../../contracts/deploy/types.ts';
import { secretScopes, type SecretMetadata } from '../../../contracts/secret/types.ts';
import { largestSecret, secretNamePattern } from '../../../domain/secret/secret-metadata.ts';

/** What is shown of a secret. There is no field for its value. */
export const secretBody = z
  .object({
    id: z.string(),
    name: z.string(),
    scope: z.enum(secretScopes),
    environment: z.string().nullable(),
    isProtected: z.boolean(),
    version: z.int(),
    createdBy: z.string().nullable(),
    createdAt: z.iso.datetime(),
    updatedBy: z.string().nullable(),
    updatedAt: z.iso.datetime(),
  })
  .openapi('Secret');

export const secretPage = z.object({
  items: z.array(secretBody),
  nextCursor: z.string().nullable(),
});

export const secretName = z
  .string()
  .regex(secretNamePattern, 'letters, digits and _, at most 128, not starting with a digit');

const value = z.string().min(1).max(largestSecret);
const scope = z.enum(secretScopes);
const environment = z
  .enum(environments)
  .nullable()
  .optional()
  .describe('Only deployments to it get the secret; any when null');

const isProtected = z
  .boolean()
  .optional()
  .describe(
    'Only runs of protected branches get it, that were reached by their rules; false for a new secret',
  );

export const createSecretBody = z.strictObject({
  name: secretName,
  value,
  scope: scope.default('pipeline'),
  environment,
  isProtected,
});

export const setSecretBody = z.strictObject({
  value,
  scope: scope.optional(),
  environment,
  isProtected,
});

export const listSecretsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().max(128).optional(),
});

export const projectParams = z.object({ owner: z.string(), project: z.string() });
export const secretParams = projectParams.extend({ name: z.string().max(128) });
export const globalSecretParams = z.object({ name: z.string().max(128) });

export function toSecretBody({
  projectId: _,
  ...shown
}: SecretMetadata): z.output<typeof secretBody> {
  return shown;
}
