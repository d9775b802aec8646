import type {
  NotificationChannel,
  NotificationRefType,
  NotificationStatus,
  NotificationType,
} from '../../contracts/notify/types.ts';
import type { Notification, Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/** A notification as its user sees it, with the names of what it speaks of. */
export interface NotificationRecord {
  id: string;
  type: NotificationType;
  channel: NotificationChannel;
  status: NotificationStatus;
  subject: string;
  body: string | null;
  refType: NotificationRefType | null;
  refId: string | null;
  /** page of the web app, relative to its root */
  link: string | null;
  project: { id: string; owner: string; name: string } | null;
  changeId: string | null;
  actor: { id: string; name: string } | null;
  error: string | null;
  createdAt: string;
  sentAt: string | null;
  readAt: string | null;
}

export const withProject = {
  project: { select: { id: true, name: true, owner: { select: { name: true } } } },
} satisfies Prisma.NotificationInclude;

type Row = Notification & {
  project: { id: string; name: string; owner: { name: string } } | null;
};

/** Rows → records; looks the names of the actors up once. */
export async function toNotificationRecords(
  db: Db,
  rows: readonly Row[],
): Promise<NotificationRecord[]> {
  const actorIds = [...new Set(rows.flatMap((row) => row.actorId ?? []))];
  const actors = await db.user.findMany({
    where: { id: { in: actorIds } },
    select: { id: true, name: true },
  });
  const nameOf = new Map(actors.map((actor) => [actor.id, actor]));
  return rows.map((row) => ({
    id: row.id,
    type: row.notificationType as NotificationType,
    channel: row.channel as NotificationChannel,
    status: row.status as NotificationStatus,
    subject: row.subject,
    body: row.body,
    refType: row.refType as NotificationRefType | null,
    refId: row.refId,
    link: row.link,
    project: row.project && {
      id: row.project.id,
      owner: row.project.owner.name,
      name: row.project.name,
    },
    changeId: row.changeId,
    actor: row.actorId === null ? null : (nameOf.get(row.actorId) ?? null),
    error: row.error,
    createdAt: row.createdAt.toISOString(),
    sentAt: row.sentAt?.toISOString() ?? null,
    readAt: row.readAt?.toISOString() ?? null,
  }));
}
