import type { EventRecord } from '../../contracts/event/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import { can } from '../identity/check-access.ts';
import { readEventsAfter } from '../event/read-events.ts';
import { maySeeProject } from '../project/find-project.ts';
import type { Db } from '../shared/db.ts';
import { entriesOf, type ProjectNames } from './change-entries.ts';
import type { ChangeEntry, EntryDraft } from './change-entry.ts';
import { type StateLine, stateOfChange } from './change-state.ts';
import { loadChanges } from './load-changes.ts';

/** The whole story of a change, as far as its reader may know it. */
export interface ChangeRecord extends StateLine {
  changeId: string;
  /** of the commit that its first run is about, else of its merge request */
  title: string | null;
  projects: { id: string; owner: string; name: string }[];
  startedAt: string | null;
  /** oldest first */
  entries: ChangeEntry[];
}

/** Events that no row tells of by itself. */
const tellingEvents = [
  'git.push_refused',
  'git.ref_repaired',
  'pipeline.cancel_requested',
  'pipeline.pause_requested',
  'pipeline.resume_requested',
  'engine.state_repaired',
  'deployment.abort_requested',
  'deployment.quarantined',
  'deployment.needs_human',
  'deployment.drift_contested',
];
const maxEvents = 500;

/**
 * One change from its push to what runs of it, as one timeline.
 * @throws DomainError `not_found` when there is no such change or none of its projects may be seen
 */
export async function readChange(db: Db, caller: Caller, changeId: string): Promise<ChangeRecord> {
  const projects = await visibleProjects(db, caller, changeId);
  if (projects.length === 0)
    throw new DomainError('not_found', 'There is no such change, or you may not see it.');
  const projectIds = projects.map((project) => project.id);
  const deployProjectIds: string[] = [];
  for (const id of projectIds)
    if (await can(db, caller.principal, 'deploy:read', id)) deployProjectIds.push(id);
  const rows = await loadChanges(db, { changeIds: [changeId], projectIds, deployProjectIds });
  const names = new Map(projects.map(({ id, owner, name }) => [id, `${owner}/${name}`]));
  const drafts = [
    ...entriesOf(rows, names),
    ...(await eventEntries(db, changeId, { names, deployProjectIds })),
  ].sort((a, b) => a.at.getTime() - b.at.getTime() || (a.id < b.id ? -1 : 1));
  const entries = await withNames(db, drafts);
  const commitTitle = rows.pipelines.find((run) => run.commitTitle !== null)?.commitTitle;
  return {
    changeId,
    title: commitTitle ?? rows.mergeRequests[0]?.title ?? null,
    projects,
    ...stateOfChange(rows),
    startedAt: entries[0]?.at ?? null,
    entries,
  };
}

async function visibleProjects(
  db: Db,
  caller: Caller,
  changeId: string,
): Promise<ChangeRecord['projects']> {
  const found = await db.$queryRaw<{ id: string; owner: string; name: string }[]>`
    SELECT p.id, u.name AS owner, p.name FROM projects p JOIN users u ON u.id = p.owner_id
     WHERE p.is_active AND p.id IN (
       SELECT project_id FROM pushes WHERE change_id = ${changeId}
       UNION SELECT project_id FROM pipelines WHERE change_id = ${changeId}
       UNION SELECT project_id FROM merge_requests WHERE change_id = ${changeId}
       UNION SELECT project_id FROM deployment_syncs WHERE change_id = ${changeId}
       UNION SELECT project_id FROM events WHERE change_id = ${changeId})
     ORDER BY p.id`;
  const visible: ChangeRecord['projects'] = [];
  for (const project of found)
    if (await maySeeProject(db, caller, project.id)) visible.push(project);
  return visible;
}

/** True for what only those may know who may see deployments; also a repair of one, or of a command for one. */
function tellsOfDeployment({ type, payload }: EventRecord): boolean {
  if (type !== 'engine.state_repaired') return type.startsWith('deployment.');
  const { kind, command } = payload;
  if (kind === 'command') return /^(deployment|preview|gate)\./.test(String(command));
  return kind !== 'pipeline' && kind !== 'step';
}

async function eventEntries(
  db: Db,
  changeId: string,
  { names, deployProjectIds }: { names: ProjectNames; deployProjectIds: readonly string[] },
): Promise<EntryDraft[]> {
  const events = await readEventsAfter(db, null, maxEvents, {
    changeId,
    types: tellingEvents,
    // of rollouts: see below, by what each event tells
    visible: { projectIds: [...names.keys()], limited: [], withGlobal: false },
  });
  return events
    .filter(
      (event) => !tellsOfDeployment(event) || deployProjectIds.includes(event.projectId ?? ''),
    )
    .map((event) => ({
      id: event.id,
      kind: 'event',
      title: event.message === '' ? event.type : event.message,
      state: null,
      at: new Date(event.createdAt),
      endedAt: null,
      actorId: event.actorId,
      projectId: event.projectId ?? '',
      link: event.type.startsWith('pipeline.') ? `/pipelines/${event.subjectId ?? ''}` : null,
      detail: { type: event.type, ...event.payload },
    }));
}

async function withNames(db: Db, drafts: readonly EntryDraft[]): Promise<ChangeEntry[]> {
  const people = await db.user.findMany({
    where: { id: { in: drafts.flatMap((draft) => draft.actorId ?? []) } },
    select: { id: true, name: true },
  });
  return drafts.map(({ actorId, at, endedAt, ...rest }) => ({
    ...rest,
    at: at.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    durationMs: endedAt === null ? null : Math.max(0, endedAt.getTime() - at.getTime()),
    actor: people.find((one) => one.id === actorId) ?? null,
  }));
}
