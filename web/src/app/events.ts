import { signal } from '@preact/signals';
import type { EventRecord, EventType } from '../../../contracts/event/types.ts';
import { invalidate } from './load.ts';
import { followStream } from './stream.ts';

/** False while the connection for live changes is lost. */
export const live = signal(true);

/** The newest events that came while the page was open, newest first. */
export const recentEvents = signal<EventRecord[]>([]);

const affected: readonly [RegExp, readonly string[]][] = [
  [/^(pipeline|step)\./, ['pipelines', 'gates', 'changes', 'mergeability', 'previews']],
  [/^gate\./, ['gates', 'pipelines', 'deployments', 'changes']],
  [/^deployment\./, ['deployments', 'gates', 'changes', 'previews']],
  [/^preview\./, ['previews', 'changes']],
  [/^notification\./, ['notifications']],
  [/^ops_repo\./, ['ops-repos']],
  [/^artifact\./, ['artifacts']],
  [/^project\./, ['projects']],
  [/^git\./, ['projects', 'repository', 'mergeability']],
  [/^issue\./, ['issues']],
  [/^mr\./, ['merge-requests', 'mergeability', 'previews']],
  [/^secret\./, ['secrets']],
  [/^(user|access)\./, ['admin']],
];

const progressed: EventType = 'deployment.progressed';

let dirty = new Set<string>();
let timer: ReturnType<typeof setTimeout> | undefined;

// many events come at once when a run moves: one refresh for all of them
function schedule(prefixes: readonly string[]): void {
  for (const prefix of prefixes) dirty.add(prefix);
  timer ??= setTimeout(() => {
    timer = undefined;
    const all = dirty;
    dirty = new Set();
    for (const prefix of all) invalidate(prefix);
  }, 120);
}

/** One connection for the whole page; what is shown refreshes in place. Answers how to end it. */
export function followEvents(): () => void {
  let lost = false;
  return followStream({
    url: () => '/api/v1/events',
    onConnection: (connected) => {
      live.value = connected;
      // whatever happened in between is not known: ask again for all that is shown
      if (connected && lost) invalidate('');
      lost = !connected;
    },
    onEvent: (event) => {
      // the server left events out because this page read too slowly
      if (event.type === 'gap') invalidate('');
      const record = parseRecord(event.data);
      // objects of a roll-out move often: only what is shown of this one is asked for again
      if (event.type === progressed) {
        if (record?.subjectId) schedule([`deployments/${record.subjectId}`]);
        return 'go-on';
      }
      const prefixes = affected.find(([pattern]) => pattern.test(event.type))?.[1];
      if (prefixes) schedule(prefixes);
      if (record) recentEvents.value = [record, ...recentEvents.value].slice(0, 30);
      return 'go-on';
    },
  });
}

function parseRecord(data: string): EventRecord | null {
  try {
    const value = JSON.parse(data) as Partial<EventRecord>;
    return typeof value.id === 'string' && typeof value.type === 'string'
      ? (value as EventRecord)
      : null;
  } catch {
    return null;
  }
}
