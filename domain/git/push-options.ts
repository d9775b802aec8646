/** What the options of a push (`git push -o`) ask for. */
export interface AskedByPush {
  /** no run of what it moves */
  isSkipped: boolean;
  /** lines for the pusher: what was understood, and what was not */
  lines: string[];
}

const unsupported: readonly [RegExp, string][] = [
  [
    /^ci\.(variable|input)(=|$)/,
    'a run has its variables from .platform.yaml and its secrets from the project',
  ],
  [/^merge_request\./, 'open merge requests on the page or by the API'],
];

function lineOf(option: string): string {
  const shown = option.length > 80 ? `${option.slice(0, 80)}…` : option;
  const why = unsupported.find(([pattern]) => pattern.test(option))?.[1];
  return why === undefined
    ? `The push option ${shown} is not known: it has no effect.`
    : `The push option ${shown} is not supported: ${why}.`;
}

/** Reads options; `ci.skip` is the one that there is. None refuses a push, and none is passed over in silence. */
export function readPushOptions(options: readonly string[]): AskedByPush {
  const isSkipped = options.includes('ci.skip');
  const others = [...new Set(options)].filter((option) => option !== 'ci.skip');
  const skipped = isSkipped ? ['ci.skip: no pipeline runs for this push.'] : [];
  return { isSkipped, lines: [...skipped, ...others.map(lineOf)] };
}
