import { createHash } from 'node:crypto';

/**
 * Namespace of a deployment: `<owner>-<project>-<environment>` as a DNS label (RFC 1123, 63 characters); a name that had
 * to be changed or cut ends in a digest, so that two never meet.
 */
export function namespaceOf(owner: string, project: string, environment: string): string {
  const plain = `${owner}-${project}-${environment}`;
  const label = plain
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  if (label === plain && label.length <= 63) return label;
  const digest = createHash('sha256').update(plain).digest('hex').slice(0, 8);
  return `${label.slice(0, 54).replace(/-+$/, '')}-${digest}`;
}
