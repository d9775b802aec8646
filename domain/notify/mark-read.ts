import { notificationTransitions, type NotificationType } from '../../contracts/notify/types.ts';
import { statusesBefore } from '../../contracts/shared/statuses-before.ts';
import type { Principal } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Db } from '../shared/db.ts';
import { visibleTo } from './list-notifications.ts';
import {
  type NotificationRecord,
  toNotificationRecords,
  withProject,
} from './notification-record.ts';

const readable = statusesBefore(notificationTransitions, 'read');

/**
 * Marks one of the user's own notifications as read; one that is read already stays as it is.
 * @throws DomainError `not_found`, also for somebody else's; `illegal_transition` while it waits to be sent
 */
export async function markRead(
  db: Db,
  principal: Principal,
  notificationId: string,
): Promise<NotificationRecord> {
  const visible = await visibleTo(db, principal);
  await db.notification.updateMany({
    where: { ...visible, id: notificationId, status: { in: readable } },
    data: { status: 'read', readAt: new Date() },
  });
  const row = await db.notification.findFirst({
    where: { ...visible, id: notificationId },
    include: withProject,
  });
  if (row === null) throw new DomainError('not_found', 'You have no such notification.');
  if (row.status !== 'read')
    throw new DomainError('illegal_transition', 'It waits to be sent, so nobody can have read it.');
  const [record] = await toNotificationRecords(db, [row]);
  if (record === undefined) throw new Error('a row gave no record');
  return record;
}

/** Marks all of the user's notifications in the app as read, or those of one type. @returns how many were unread */
export async function markAllRead(
  db: Db,
  principal: Principal,
  filter: { type?: NotificationType | undefined },
): Promise<number> {
  const { count } = await db.notification.updateMany({
    where: {
      ...(await visibleTo(db, principal)),
      channel: 'in_app',
      status: { in: readable },
      ...(filter.type === undefined ? {} : { notificationType: filter.type }),
    },
    data: { status: 'read', readAt: new Date() },
  });
  return count;
}
