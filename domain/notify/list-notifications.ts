import type { Principal } from '../../contracts/identity/principal.ts';
import {
  type NotificationChannel,
  type NotificationType,
  notificationTypesOfDeployers,
} from '../../contracts/notify/types.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import { readableProjectIds } from '../project/readable-projects.ts';
import type { Db } from '../shared/db.ts';
import type { Page, PageRequest } from '../shared/page.ts';
import { toPage } from '../shared/page.ts';
import {
  type NotificationRecord,
  toNotificationRecords,
  withProject,
} from './notification-record.ts';

interface NotificationFilter {
  /** in the app unless told: the same news by mail is no second one */
  channel: NotificationChannel;
  unread: boolean;
  type?: NotificationType | undefined;
}

/** The principal's own, without those of projects that they may not see any more. */
export async function visibleTo(
  db: Db,
  principal: Principal,
): Promise<Prisma.NotificationWhereInput> {
  const projectIds = await readableProjectIds(db, principal);
  const deployable = await readableProjectIds(db, principal, 'deploy:read');
  return {
    userId: principal.userId,
    OR: [
      { projectId: null },
      { projectId: { in: projectIds } },
      {
        projectId: { in: deployable },
        notificationType: { in: [...notificationTypesOfDeployers] },
      },
    ],
  };
}

function matching(filter: NotificationFilter): Prisma.NotificationWhereInput {
  return {
    channel: filter.channel,
    ...(filter.unread ? { status: { not: 'read' } } : {}),
    ...(filter.type === undefined ? {} : { notificationType: filter.type }),
  };
}

/** The user's own notifications, newest first. */
export async function listNotifications(
  db: Db,
  principal: Principal,
  filter: NotificationFilter,
  page: PageRequest,
): Promise<Page<NotificationRecord>> {
  const where = { ...(await visibleTo(db, principal)), ...matching(filter) };
  const rows = await db.notification.findMany({
    where: { ...where, ...(page.after === null ? {} : { id: { lt: page.after } }) },
    include: withProject,
    orderBy: { id: 'desc' },
    skip: page.offset,
    take: page.limit + 1,
  });
  const records = await toNotificationRecords(db, rows);
  return toPage(records, page, await db.notification.count({ where }), (record) => record);
}

/** How many of the user's notifications in the app are unread, in all and by type. */
export async function countUnread(
  db: Db,
  principal: Principal,
): Promise<{ unread: number; byType: Partial<Record<NotificationType, number>> }> {
  const groups = await db.notification.groupBy({
    by: ['notificationType'],
    where: {
      ...(await visibleTo(db, principal)),
      ...matching({ channel: 'in_app', unread: true }),
    },
    _count: true,
  });
  return {
    unread: groups.reduce((sum, group) => sum + group._count, 0),
    byType: Object.fromEntries(groups.map((group) => [group.notificationType, group._count])),
  };
}
