/** A part of the installation, in words. */
export interface PartRow {
  name: string;
  title: string;
  isOk: boolean;
  /** what it says of itself now */
  detail: string;
  /** what has to be so for it to work, with the settings that draw the line */
  rule: string;
}

const known: Readonly<Record<string, readonly [title: string, rule: string]>> = {
  database: ['Postgres', 'it answers within a second; without it nothing works'],
  events: ['Events', 'every event was handled, and none waits below'],
  memory: ['Memory of the API', 'always: it is told, and has no limit of its own'],
  disk: ['Disk', 'each folder has more than health.minFreeMb and health.minFreeInodes left'],
  temporal: ['Temporal', 'it answers within a second; without it no run goes on'],
  workers: ['Workers', 'at least one asks for work'],
  objectStore: ['Object store', 'an object of it can be asked for within a second'],
  secrets: ['Secrets', 'the master key is there, and is the one that they were sealed with'],
};

/** Where an answer of the API sends its reader; the page shows it right there. */
const elsewhere = /,? see \/api\/\S+$/u;

/** The parts that the health of the installation names, those that do not work first. */
export function partRows(components: Readonly<Record<string, unknown>>): PartRow[] {
  const rows = Object.entries(components).flatMap(([name, state]) => {
    if (typeof state !== 'string') return [];
    const [title, rule] = known[name] ?? [name, ''];
    const [word = '', ...more] = state.split(': ');
    return [
      { name, title, rule, isOk: word === 'ok', detail: more.join(': ').replace(elsewhere, '') },
    ];
  });
  return rows.sort((a, b) => Number(a.isOk) - Number(b.isOk));
}
