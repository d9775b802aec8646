import { eventTypes } from '../event/types.ts';

/**
 * Names that seed 001 and other forges use for webhooks, and what they stand for here (design section 9).
 * A pattern is an event type, `area.*`, an alias or `*`.
 */
const aliases: Readonly<Record<string, readonly string[]>> = {
  push: ['git.pushed'],
  mr: ['mr.*'],
  merge_request: ['mr.*'],
  pull_request: ['mr.*'],
  issue: ['issue.*'],
  issues: ['issue.*'],
  build: ['pipeline.completed'],
  pipeline: ['pipeline.*'],
  deployment: ['deployment.*'],
  release: ['deployment.synced'],
};

/** Names besides event types and `area.*` that a subscription may hold. */
export const eventAliases: readonly string[] = Object.keys(aliases);

function covers(pattern: string, type: string): boolean {
  if (pattern === '*' || pattern === type) return true;
  return pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1));
}

/** True when one of a subscription's names stands for this event type. */
export function subscribesTo(names: readonly string[], type: string): boolean {
  return names.some((name) => (aliases[name] ?? [name]).some((pattern) => covers(pattern, type)));
}

/** The aliases that an event type goes by: `mr.created` is `mr`, `merge_request` and `pull_request`. */
export function aliasesOf(type: string): string[] {
  return eventAliases.filter((name) => subscribesTo([name], type));
}

/** Commands between our own processes, the news of messages themselves, and what is not kept leave the house by no webhook. */
export function isInternal(type: string): boolean {
  return /_requested$|^(delivery|notification)\.|^deployment\.progressed$/.test(type);
}

const areas = new Set(['mr', ...eventTypes.map((type) => type.split('.')[0] ?? '')]);

/** True for a name that a subscription may hold. */
export function isEventName(name: string): boolean {
  if (name === '*' || eventAliases.includes(name)) return true;
  if (name.endsWith('.*')) return areas.has(name.slice(0, -2));
  return (eventTypes as readonly string[]).includes(name) && !isInternal(name);
}
