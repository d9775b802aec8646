import { DomainError } from '../../contracts/problems.ts';
import type { SecretMetadata, SecretScope } from '../../contracts/secret/types.ts';
import type { Prisma, Secret } from '../../prisma/generated/client.ts';

/** What leaves the database: never the sealed value. */
export const metadataColumns = {
  id: true,
  projectId: true,
  name: true,
  scope: true,
  environment: true,
  isProtected: true,
  version: true,
  createdBy: true,
  createdAt: true,
  updatedBy: true,
  updatedAt: true,
} satisfies Prisma.SecretSelect;

type MetadataRow = Pick<Secret, keyof typeof metadataColumns>;

export function toMetadata(row: MetadataRow): SecretMetadata {
  return {
    id: row.id,
    projectId: row.projectId,
    name: row.name,
    scope: row.scope as SecretScope,
    environment: row.environment,
    isProtected: row.isProtected,
    version: row.version,
    createdBy: row.createdBy,
    createdAt: row.createdAt.toISOString(),
    updatedBy: row.updatedBy,
    updatedAt: row.updatedAt.toISOString(),
  };
}

/** Names are those of environment variables, since that is where they end up. */
export const secretNamePattern = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** Bytes of one value. */
export const largestSecret = 64 * 1024;

/** @throws DomainError `validation_failed` */
export function checkSecret(name: string, value: string): void {
  const errors = [];
  if (!secretNamePattern.test(name)) {
    errors.push({
      pointer: '#/name',
      detail: 'letters, digits and _, at most 128, not starting with a digit',
    });
  }
  const bytes = Buffer.byteLength(value, 'utf8');
  if (bytes === 0) errors.push({ pointer: '#/value', detail: 'must not be empty' });
  if (bytes > largestSecret)
    errors.push({ pointer: '#/value', detail: `at most ${String(largestSecret)} bytes` });
  if (value.includes('\0'))
    errors.push({ pointer: '#/value', detail: 'must not hold a NUL character' });
  if (errors.length > 0)
    throw new DomainError('validation_failed', 'The secret is not valid.', { errors });
}
