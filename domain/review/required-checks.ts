import type { MergeRule } from '../../contracts/review/types.ts';

/** A pipeline of the head commit, as far as checks need it. */
export interface CheckRun {
  number: number;
  trigger: string;
  status: string;
  /** somebody started it, or had it run once more */
  isByHand: boolean;
  steps: readonly { name: string; status: string }[];
}

/** The check that stands for the whole pipeline. */
export const wholePipeline = 'pipeline';

const live = new Set(['pending', 'running']);
const openSteps = new Set(['pending', 'running', 'waiting']);

/** Oldest first. What did not run says nothing, for or against. */
function thatRan(runs: readonly CheckRun[]): CheckRun[] {
  return runs.filter(({ status }) => status !== 'skipped').sort((a, b) => a.number - b.number);
}

/**
 * The runs whose word counts: of each cause the newest, unless one that was started by hand (a rerun) came later.
 * A push that failed is so not outvoted by the merge request's run beside it, and can be mended by a rerun.
 */
export function runsThatCount(runs: readonly CheckRun[]): CheckRun[] {
  const newest = new Map<string, CheckRun>();
  const inOrder = thatRan(runs);
  for (const run of inOrder) newest.set(run.trigger, run);
  const byHand = inOrder.filter(({ isByHand }) => isByHand).at(-1);
  return [...newest.values()].filter((run) => byHand === undefined || run.number >= byHand.number);
}

interface Report {
  run: number;
  state: 'passed' | 'failed' | 'open';
}

function reportOf(run: CheckRun, status: string, isOpen: boolean): Report {
  if (isOpen) return { run: run.number, state: 'open' };
  return { run: run.number, state: status === 'success' ? 'passed' : 'failed' };
}

function stepReport(run: CheckRun, status: string): Report {
  return reportOf(run, status, openSteps.has(status) && live.has(run.status));
}

function reportsOfStep(name: string, runs: readonly CheckRun[]): Report[] {
  const steps = runs.flatMap((run) => run.steps.map((step) => ({ run, step })));
  const exact = steps.filter(({ step }) => step.name === name);
  // A step with a matrix reports under the name of each of its variants.
  const found =
    exact.length > 0 ? exact : steps.filter(({ step }) => step.name.startsWith(`${name}.`));
  const told = found.filter(({ step }) => step.status !== 'skipped');
  return told.map(({ run, step }) => stepReport(run, step.status));
}

/** Stands among the steps for what a run says as a whole: that it goes on, that it ended well, that it never came to its steps. */
const theRun = '';

const isWhole = ({ steps }: CheckRun): boolean =>
  steps.length > 0 && steps.every(({ status }) => status !== 'skipped');

/** What one run says of the whole pipeline: a report for each step that ran, and one of its own. */
function saidBy(run: CheckRun): [string, Report][] {
  const ran = run.steps.filter(({ status }) => status !== 'skipped');
  if (run.status === 'success') {
    // Nothing ran: of a merge request that means that its changes ask for nothing; of any other run it says nothing.
    const isHollow = ran.length === 0 && (run.trigger !== 'mr' || run.isByHand);
    const passed = reportOf(run, 'success', false);
    // what failed and may fail is no failure here
    const told = ran.map(({ name }): [string, Report] => [name, passed]);
    // One that somebody starts may leave out what another cause would run: it speaks for its steps alone.
    return isHollow || (run.trigger === 'api' && !isWhole(run))
      ? told
      : [[theRun, passed], ...told];
  }
  const told = ran.map(({ name, status }): [string, Report] => [name, stepReport(run, status)]);
  if (live.has(run.status)) return [[theRun, reportOf(run, run.status, true)], ...told];
  const isTold = told.some(([, { state }]) => state === 'failed');
  return isTold ? told : [[theRun, reportOf(run, run.status, false)], ...told];
}

/**
 * The whole pipeline is judged step by step: of each step the newest report of each cause counts, and one by hand takes
 * the place of all before it. A run that leaves a step out cannot put right that the step failed.
 */
function reportsOfPipeline(all: readonly CheckRun[]): Report[] {
  const inOrder = thatRan(all);
  const byHand = inOrder.filter(({ isByHand }) => isByHand).at(-1);
  if (byHand !== undefined && live.has(byHand.status)) {
    return [reportOf(byHand, byHand.status, true)];
  }
  const standing = new Map<string, Map<string, Report>>();
  for (const run of inOrder) {
    for (const [step, report] of saidBy(run)) {
      // A run that never came to its steps is put right by a rerun of its cause, or by one that left no step out.
      const isLast = run.isByHand && (step !== theRun || isWhole(run));
      standing.set(step, new Map(isLast ? [] : standing.get(step)).set(run.trigger, report));
    }
  }
  // Steps of runs that left others out are no pipeline.
  if (!standing.has(theRun) && ![...standing.values()].some(hasFailed)) return [];
  return [...standing.values()].flatMap((byCause) => [...byCause.values()]);
}

const hasFailed = (byCause: ReadonlyMap<string, Report>): boolean =>
  [...byCause.values()].some(({ state }) => state === 'failed');

const runName = (number: number) => `pipeline #${String(number)}`;

/**
 * How a required check stands for a commit. One that never reported is missing, however green the rest is; so is one
 * whose step was skipped.
 * @param name of a step, or `pipeline`
 */
export function judgeCheck(name: string, all: readonly CheckRun[], commitSha: string): MergeRule {
  const runs = runsThatCount(all);
  const reports = name === wholePipeline ? reportsOfPipeline(all) : reportsOfStep(name, runs);
  const rule = `check:${name}`;
  const failed = reports.find((report) => report.state === 'failed');
  if (failed !== undefined) {
    const detail = `${name} did not succeed in ${runName(failed.run)}.`;
    return { rule, state: 'missing', detail, missing: [name] };
  }
  const open = reports.find((report) => report.state === 'open');
  const waiting = runs.find((run) => live.has(run.status));
  if (open !== undefined || (reports.length === 0 && waiting !== undefined)) {
    const number = open?.run ?? waiting?.number ?? 0;
    const detail = `${name} has not ended in ${runName(number)}.`;
    return { rule, state: 'pending', detail, missing: [name] };
  }
  if (reports.length === 0) {
    const skipped = all.find(({ status }) => status === 'skipped');
    const why = skipped === undefined ? '' : `: ${runName(skipped.number)} was skipped`;
    const detail = `${name} has not reported for ${commitSha.slice(0, 8)}${why}.`;
    return { rule, state: 'missing', detail, missing: [name] };
  }
  return { rule, state: 'passed', detail: `${name} succeeded.`, missing: [] };
}
