/**
 * Where one alert of a rule stands. `recovering`: its condition holds no more, and it is kept firing for a while;
 * `no_data`, `error`: it could not be judged when it was looked at last.
 */
export type AlertState = 'inactive' | 'pending' | 'firing' | 'recovering' | 'no_data' | 'error';

/** What was seen of the condition at one evaluation. */
export type Observation =
  | { kind: 'breached' | 'normal'; value: number | null }
  | { kind: 'no_data' }
  | { kind: 'error'; reason: string };

/** What an evaluation without a verdict counts as; `keep`: as what was seen before, `state`: as a state of its own. */
export type BlindPolicy = 'normal' | 'breached' | 'keep' | 'state';

export interface AlertTiming {
  /** how long the condition holds before it fires, seconds */
  forSeconds: number;
  /** how long it goes on firing when the condition holds no more, seconds */
  keepFiringForSeconds: number;
  /** between evaluations, seconds */
  intervalSeconds: number;
  noData: BlindPolicy;
  error: BlindPolicy;
}

/** All that has to be kept of an alert between evaluations; plain, so that it survives its process. */
export interface AlertMemory {
  state: AlertState;
  /** of the last evaluation, ms; null: none yet */
  lastAt: number | null;
  /** how long the condition has been seen to hold, or since then not to hold, without a break, ms */
  heldMs: number;
  /** when the episode began that is told of and not over, ms; null: there is none */
  firingSince: number | null;
}

/** One firing is told at the beginning of an episode, and one resolved at its end. */
export type AlertNotice = 'firing' | 'resolved';

export const newAlert: AlertMemory = {
  state: 'inactive',
  lastAt: null,
  heldMs: 0,
  firingSince: null,
};

/** A pause that is longer (a worker was away, a clock was set) counts as that many intervals: nobody has looked in it. */
const countedIntervals = 2;

function passed({ lastAt }: AlertMemory, now: number, { intervalSeconds }: AlertTiming): number {
  if (lastAt === null) return 0;
  return Math.min(Math.max(0, now - lastAt), countedIntervals * intervalSeconds * 1000);
}

function verdictOf(
  observation: Observation,
  timing: AlertTiming,
): 'breached' | 'normal' | 'keep' | 'no_data' | 'error' {
  if (observation.kind === 'breached' || observation.kind === 'normal') return observation.kind;
  const policy = observation.kind === 'no_data' ? timing.noData : timing.error;
  return policy === 'state' ? observation.kind : policy;
}

/**
 * The alert after one more evaluation, and what is to be told of it. Whatever comes in between, each firing is followed by
 * exactly one resolved before the next.
 * @param now ms
 */
export function evaluateAlert(
  before: AlertMemory,
  observation: Observation,
  timing: AlertTiming,
  now: number,
): { alert: AlertMemory; notice: AlertNotice | null } {
  const since = passed(before, now, timing);
  const seen = { ...before, lastAt: now };
  switch (verdictOf(observation, timing)) {
    case 'breached':
      return whenBreached(seen, timing, since, now);
    case 'normal':
      return whenNormal(seen, timing, since);
    case 'no_data':
      return { alert: { ...seen, state: 'no_data', heldMs: 0 }, notice: null };
    case 'error':
      return { alert: { ...seen, state: 'error', heldMs: 0 }, notice: null };
    default:
      return { alert: seen, notice: null };
  }
}

function whenBreached(
  seen: AlertMemory,
  { forSeconds }: AlertTiming,
  since: number,
  now: number,
): { alert: AlertMemory; notice: AlertNotice | null } {
  // what was told of and could not be judged for a while is still the same episode
  if (seen.firingSince !== null)
    return { alert: { ...seen, state: 'firing', heldMs: 0 }, notice: null };
  const heldMs = seen.state === 'pending' ? seen.heldMs + since : 0;
  if (heldMs < forSeconds * 1000)
    return { alert: { ...seen, state: 'pending', heldMs }, notice: null };
  return { alert: { ...seen, state: 'firing', heldMs: 0, firingSince: now }, notice: 'firing' };
}

function whenNormal(
  seen: AlertMemory,
  { keepFiringForSeconds }: AlertTiming,
  since: number,
): { alert: AlertMemory; notice: AlertNotice | null } {
  if (seen.firingSince === null)
    return { alert: { ...seen, state: 'inactive', heldMs: 0 }, notice: null };
  const heldMs = seen.state === 'recovering' ? seen.heldMs + since : 0;
  if (heldMs < keepFiringForSeconds * 1000)
    return { alert: { ...seen, state: 'recovering', heldMs }, notice: null };
  return { alert: { ...newAlert, lastAt: seen.lastAt }, notice: 'resolved' };
}
