import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { inTransaction } from '../shared/tx.ts';
import { checkPassword, type LoginLimits } from './check-password.ts';
import { hashPassword } from './password.ts';
import { recordChange } from './record-change.ts';
import { requireAccount } from './require-account.ts';

/**
 * Gives the caller a new password after asking for the old one; all their other sessions end.
 * @throws DomainError `invalid_credentials`, or `rate_limited` after too many wrong ones
 */
export async function changePassword(
  db: PrismaClient,
  caller: Caller,
  input: { currentPassword: string; newPassword: string },
  limits: LoginLimits,
): Promise<void> {
  requireAccount(caller);
  const { userId, userName, via, credentialId } = caller.principal;
  const password = input.currentPassword;
  const { ipAddr } = caller.request;
  const user = await checkPassword(db, { name: userName, password, ipAddr }, limits);
  if (user?.id !== userId) throw new DomainError('invalid_credentials', 'The password is wrong.');
  const passwordHash = await hashPassword(input.newPassword);
  await inTransaction(db, async (tx) => {
    await tx.user.update({ where: { id: userId }, data: { passwordHash } });
    const others = via === 'session' && credentialId !== null ? { id: { not: credentialId } } : {};
    await tx.authSession.deleteMany({ where: { userId, ...others } });
    await recordChange(tx, caller, {
      event: 'user.updated',
      action: 'user.password_changed',
      resource: 'user',
      resourceId: userId,
      message: `${userName} changed their password`,
    });
  });
}
