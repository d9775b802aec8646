import { permissionsOfEvent } from '../../contracts/event/event-permission.ts';
import { eventTypes } from '../../contracts/event/types.ts';
import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { isEventName, isInternal, subscribesTo } from '../../contracts/notify/event-names.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Prisma, PrismaClient, Webhook } from '../../prisma/generated/client.ts';
import { requirePermission } from '../identity/check-access.ts';
import { recordChange } from '../identity/record-change.ts';
import { requireDirectGrant } from '../identity/require-direct-grant.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { toWebhookRecords, type WebhookRecord } from './webhook-record.ts';

export interface WebhookInput {
  /** http or https, without a password in it */
  url: string;
  /** event types, `area.*`, aliases such as `push` and `mr`, or `*` */
  events: string[];
  /** name of a project secret of scope `all`; null: a key that Slipway makes */
  secret: string | null;
  active: boolean;
}

const maxWebhooks = 50;

function checkInput({ url, events }: Partial<WebhookInput>): void {
  const errors = (events ?? []).flatMap((name, i) =>
    isEventName(name)
      ? []
      : [{ pointer: `#/events/${String(i)}`, detail: `There is no event '${name}'.` }],
  );
  if (url !== undefined) {
    const { username, password } = new URL(url);
    if (username !== '' || password !== '')
      errors.push({ pointer: '#/url', detail: 'A name or password in it would be shown.' });
  }
  if (errors.length > 0)
    throw new DomainError('validation_failed', 'See errors for what was wrong.', { errors });
}

async function record(
  tx: Prisma.TransactionClient,
  caller: Caller,
  { id, projectId, url, events, active }: Webhook,
  did: 'created' | 'updated' | 'deleted',
): Promise<void> {
  await recordChange(tx, caller, {
    event: 'project.updated',
    action: `webhook.${did}`,
    resource: 'webhook',
    resourceId: id,
    projectId,
    message: `A webhook to ${new URL(url).host} was ${did}`,
    // The rest of the address may hold a token of the receiver.
    detail: { host: new URL(url).host, events, active },
  });
}

/** The project's webhook of that id. @throws DomainError `not_found` */
export async function findWebhook(db: Db, projectId: string, id: string): Promise<Webhook> {
  const webhook = await db.webhook.findFirst({ where: { id, projectId } });
  if (webhook === null) throw new DomainError('not_found', 'There is no such webhook.');
  return webhook;
}

/** All webhooks of a project, oldest first. */
export async function listWebhooks(db: Db, projectId: string): Promise<WebhookRecord[]> {
  const rows = await db.webhook.findMany({ where: { projectId }, orderBy: { id: 'asc' } });
  return await toWebhookRecords(db, rows);
}

async function one(db: Db, webhook: Webhook): Promise<WebhookRecord> {
  const [found] = await toWebhookRecords(db, [webhook]);
  if (found === undefined) throw new Error('a row gave no record');
  return found;
}

export async function getWebhook(db: Db, projectId: string, id: string): Promise<WebhookRecord> {
  return await one(db, await findWebhook(db, projectId, id));
}

/**
 * A webhook goes on telling an address of what happens: that is granting access, for people with a direct grant only, and nobody has
 * an address told what they, by the credential they came with, may not read.
 */
async function requireMayTell(
  db: Db,
  caller: Caller,
  projectId: string,
  names: readonly string[],
): Promise<void> {
  const told = eventTypes.filter((type) => !isInternal(type) && subscribesTo(names, type));
  const wanted = new Set<Permission>(['project:delegate', ...told.flatMap(permissionsOfEvent)]);
  await requireDirectGrant(db, caller, wanted, projectId);
}

/** Whoever names a secret has it used: a signature of known text by it lets its value be guessed at. */
async function requireMaySign(
  db: Db,
  caller: Caller,
  projectId: string,
  secret: string | null | undefined,
): Promise<void> {
  if (secret != null) await requirePermission(db, caller, 'secret:read', projectId);
}

/** @throws DomainError `validation_failed`, `forbidden`, `conflict` when the project has 50 */
export async function createWebhook(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  input: WebhookInput,
): Promise<WebhookRecord> {
  checkInput(input);
  await requireMayTell(db, caller, projectId, input.events);
  await requireMaySign(db, caller, projectId, input.secret);
  return await inTransaction(db, async (tx) => {
    // Of several at once the later sees the earlier.
    await tx.$queryRaw`SELECT id FROM projects WHERE id = ${projectId} FOR NO KEY UPDATE`;
    if ((await tx.webhook.count({ where: { projectId } })) >= maxWebhooks)
      throw new DomainError('conflict', `A project has at most ${String(maxWebhooks)} webhooks.`);
    const row = await tx.webhook.create({
      data: { id: newId('webhook'), projectId, createdBy: caller.principal.userId, ...input },
    });
    const answer = await one(tx, row);
    await record(tx, caller, row, 'created');
    return answer;
  });
}

/** Changes what is named. Switching it on again forgets why it was off. */
export async function updateWebhook(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  id: string,
  input: { [K in keyof WebhookInput]?: WebhookInput[K] | undefined },
): Promise<WebhookRecord> {
  const change = Object.fromEntries(
    Object.entries(input).filter(([, value]) => value !== undefined),
  ) as Partial<WebhookInput>;
  checkInput(change);
  // Switching one off lets nothing out.
  const quiet = Object.keys(change).every((key) => key === 'active') && change.active === false;
  if (!quiet) {
    const events = change.events ?? (await findWebhook(db, projectId, id)).events;
    await requireMayTell(db, caller, projectId, events);
  }
  await requireMaySign(db, caller, projectId, change.secret);
  return await inTransaction(db, async (tx) => {
    await findWebhook(tx, projectId, id);
    const data = { ...change, ...(change.active === true ? { offReason: null } : {}) };
    const row = await tx.webhook.update({ where: { id }, data });
    const answer = await one(tx, row);
    await record(tx, caller, row, 'updated');
    return answer;
  });
}

/** Removes it with its deliveries; what waits to be sent is not sent. */
export async function deleteWebhook(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  id: string,
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const row = await findWebhook(tx, projectId, id);
    await tx.webhook.delete({ where: { id } });
    await record(tx, caller, row, 'deleted');
  });
}
