import type { EventRecord } from '../../../contracts/event/types.ts';

/** What of an event decides whom it concerns. */
export type Heard = Pick<EventRecord, 'type' | 'projectId' | 'changeId' | 'subjectId' | 'payload'>;

/** What the page knows already. */
export interface Known {
  /** id of the project `owner/name`, as far as this page has met it */
  idOfPlace: (place: string) => string | undefined;
  /** what is shown under the key; undefined while it is asked for */
  data?: unknown;
}

type Rule = (
  event: Heard,
  rest: readonly string[],
  isOf: (place: string) => boolean,
  data: unknown,
) => boolean;

const isOneOf = (event: Heard, ...areas: string[]): boolean =>
  // a repair has put right what no event told of
  event.type === 'engine.state_repaired' || areas.includes(event.type.split('.')[0] ?? '');

/** `owner/name` at the front of the rest of a key. */
const placeOf = (rest: readonly string[]): string => `${rest[0] ?? ''}/${rest[1] ?? ''}`;

/** A key of one numbered thing is not of the others. */
const isNumber = (event: Heard, part: string | undefined): boolean =>
  part === undefined || !/^\d+$/.test(part) || String(event.payload['number']) === part;

const namesRun = (event: Heard, run: string): boolean =>
  event.payload['pipelineId'] === run || event.subjectId === run;

const namesDeployment = (event: Heard, id: string): boolean =>
  event.payload['deploymentId'] === id || event.subjectId === id;

/** Ids of the projects of which a list shows a run. */
function projectsIn(data: unknown): (string | null)[] {
  const runs = (data as { items?: { project?: { id?: string } }[] } | undefined)?.items ?? [];
  return runs.map((run) => run.project?.id ?? null);
}

/** Lists of Home, by the rest of their key: what of a run that moved each of them can show. */
const homeLists: Readonly<Record<string, Rule>> = {
  running: (event) => event.type !== 'pipeline.skipped',
  recent: (event) => event.type === 'pipeline.completed',
  // a branch breaks by a run that fails; one that passes mends it only where the list has it
  broken: (event, _rest, _isOf, data) =>
    event.type === 'pipeline.completed' &&
    (event.payload['status'] === 'failure' || projectsIn(data).includes(event.projectId)),
  // the newest run of each of a few projects
  newest: (event, [projects = '']) => projects.split(',').includes(event.projectId ?? ''),
};

const endsOfRollouts = /^deployment\.(?:sync_started|synced|failed|rolled_back|needs_human)$/;
const commands = /^pipeline\.\w+_requested$/;

/** By the first word of a key. What stands here for no event is never refreshed by one. */
const rules: Readonly<Record<string, Rule>> = {
  pipelines: (event, rest, isOf, data) => {
    const [which = ''] = rest;
    if (event.type === 'engine.state_repaired') return true;
    if (which.startsWith('run_')) {
      // What became of its deployments: few events, which name the deployment and not the run.
      if (rest.length === 1 && endsOfRollouts.test(event.type)) return true;
      return isOneOf(event, 'pipeline', 'step', 'gate', 'artifact') && namesRun(event, which);
    }
    // a list says of each run that has ended which of its rollouts failed
    const isRollout = endsOfRollouts.test(event.type);
    const isRun = event.type.startsWith('pipeline.') && !commands.test(event.type);
    if (!isRun && !isRollout) return false;
    if (which === 'of') return isOf(placeOf(rest.slice(1)));
    if (which !== 'home') return true;
    const [, list = '', ...more] = rest;
    // a rollout is said of runs that have ended
    if (isRollout && list !== 'newest') return list !== 'running';
    return homeLists[list]?.(event, more, isOf, data) ?? true;
  },
  gates: (event) => isOneOf(event, 'gate', 'access'),
  changes: (event, [id]) => event.changeId !== null && event.changeId === id,
  mergeability: (event, rest, isOf) =>
    isOneOf(event, 'git', 'pipeline', 'step', 'mr') &&
    isOf(placeOf(rest)) &&
    (!event.type.startsWith('mr.') || isNumber(event, rest[2])),
  previews: (event, rest, isOf) =>
    isOneOf(event, 'preview', 'deployment', 'pipeline', 'mr') &&
    event.type !== 'deployment.progressed' &&
    isOf(placeOf(rest)),
  'merge-requests': (event, rest, isOf) =>
    event.type.startsWith('mr.') && isOf(placeOf(rest)) && isNumber(event, rest[2]),
  issues: (event, rest, isOf) =>
    event.type.startsWith('issue.') && isOf(placeOf(rest)) && isNumber(event, rest[2]),
  repository: (event, rest, isOf) =>
    // what hangs on a commit does not change
    event.type.startsWith('git.') &&
    isOf(placeOf(rest)) &&
    !['mr', 'commit'].includes(rest[2] ?? ''),
  projects: (event, rest, isOf) => {
    const isOne = rest.length === 2 && !['list', 'palette'].includes(rest[0] ?? '');
    if (isOne) return isOneOf(event, 'project', 'git') && isOf(placeOf(rest));
    return event.type.startsWith('project.');
  },
  access: (event, [id]) =>
    isOneOf(event, 'access', 'user') && (event.projectId === null || event.projectId === id),
  admin: (event, [which, ...rest], isOf) =>
    isOneOf(event, 'user', 'access') &&
    (event.projectId === null || rest.length < 2 || which === 'users' || isOf(placeOf(rest))),
  deployments: (event, rest, isOf) => {
    const [which = ''] = rest;
    if (event.type === 'deployment.progressed') return namesDeployment(event, which);
    const isGate = event.type.startsWith('gate.') && event.payload['syncId'] !== undefined;
    if (!isGate && !isOneOf(event, 'deployment')) return false;
    if (which === 'all') return true;
    if (which === 'of') return isOf(placeOf(rest.slice(1)));
    return isGate || event.type === 'engine.state_repaired' || namesDeployment(event, which);
  },
  notifications: (event) => event.type.startsWith('notification.'),
  'ops-repos': (event) => event.type.startsWith('ops_repo.'),
  artifacts: (event, [run = '']) => event.type.startsWith('artifact.') && namesRun(event, run),
  secrets: (event, rest, isOf) =>
    event.type.startsWith('secret.') && (event.projectId === null || isOf(placeOf(rest))),
};

/**
 * Whether what a page shows under `key` may be another after `event`. A project that this page has not met yet counts
 * as the event's: rather one question too many than one too few.
 */
export function concerns(event: Heard, key: string, { idOfPlace, data }: Known): boolean {
  const [area = '', ...rest] = key.split('/');
  const isOf = (place: string): boolean => {
    const id = idOfPlace(place);
    return id === undefined || id === event.projectId;
  };
  return rules[area]?.(event, rest, isOf, data) ?? false;
}
