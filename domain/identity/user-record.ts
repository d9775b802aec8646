import type { User } from '../../prisma/generated/client.ts';

/** A user as others see it: nothing of the password leaves the database. */
export interface UserRecord {
  id: string;
  name: string;
  displayName: string | null;
  email: string;
  kind: 'human' | 'agent';
  isActive: boolean;
  createdAt: string;
  updatedAt: string;
}

export function toUserRecord(user: User): UserRecord {
  return {
    id: user.id,
    name: user.name,
    displayName: user.displayName,
    email: user.email,
    kind: user.kind === 'agent' ? 'agent' : 'human',
    isActive: user.isActive,
    createdAt: user.createdAt.toISOString(),
    updatedAt: user.updatedAt.toISOString(),
  };
}
