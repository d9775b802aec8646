import type { EventRecord } from '../../contracts/event/types.ts';
import { isInternal, subscribesTo } from '../../contracts/notify/event-names.ts';
import type { Db } from '../shared/db.ts';

/** Projects that are remembered; beyond it all are asked for anew. */
const mostProjects = 1_000;

/**
 * What the active webhooks of projects want, remembered for whoever is handed all events in commit order: each change of a
 * webhook is a `project.updated` of its own transaction, so it is heard before any event that the change is for.
 */
export class WebhookSubscriptions {
  private readonly db: Db;
  private readonly known = new Map<string, readonly string[]>();

  constructor(db: Db) {
    this.db = db;
  }

  /** Whether some webhook may want the event. Hand it every event: those of the project itself end what is known of it. */
  async wants({ projectId, type }: Pick<EventRecord, 'projectId' | 'type'>): Promise<boolean> {
    if (projectId === null) return false;
    if (type === 'project.updated' || type === 'project.deleted') this.known.delete(projectId);
    if (isInternal(type)) return false;
    const known = this.known.get(projectId) ?? (await this.ask(projectId));
    return subscribesTo(known, type);
  }

  /** Events were handed to somebody else meanwhile. */
  forget(): void {
    this.known.clear();
  }

  private async ask(projectId: string): Promise<readonly string[]> {
    const webhooks = await this.db.webhook.findMany({
      where: { projectId, active: true },
      select: { events: true },
    });
    const names = webhooks.flatMap(({ events }) => events);
    if (this.known.size >= mostProjects) this.known.clear();
    this.known.set(projectId, names);
    return names;
  }
}
