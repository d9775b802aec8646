import type { HeavyLabel, RunHeavy } from '../../contracts/heavy.ts';
import { renderRevision, revisionOfText, valuesOf } from '../deploy/render/render-revision.ts';
import { parseDefinition } from '../pipeline/definition/parse-definition.ts';
import { planPipeline } from '../pipeline/definition/plan-pipeline.ts';

/**
 * Everything that reads what strangers wrote and may take long over it. Pure functions of plain data, so that they can be
 * done elsewhere: in production in a thread with limits (adapters/threads), see ADR 29.
 */
export const heavyTasks = {
  parseDefinition,
  planPipeline,
  renderRevision,
  revisionOfText,
  valuesOf,
};

type Tasks = typeof heavyTasks;
type HeavyTask = keyof Tasks;

/** What ends within moments, whatever it is given. */
const quickTasks: ReadonlySet<HeavyTask> = new Set<HeavyTask>(['parseDefinition']);

/** One of them, done elsewhere; what and whose it is: see HeavyLabel. */
type Elsewhere<Name extends HeavyTask> = (
  args: Parameters<Tasks[Name]>,
  label: Pick<HeavyLabel, 'what' | 'whose'>,
) => Promise<ReturnType<Tasks[Name]>>;

export type Heavy = { readonly [Name in HeavyTask]: Elsewhere<Name> };

/** The work as `run` does it. */
export function heavyBy(run: RunHeavy): Heavy {
  const by =
    <Name extends HeavyTask>(name: Name): Elsewhere<Name> =>
    async (args, label) =>
      (await run(name, args, { ...label, isQuick: quickTasks.has(name) })) as ReturnType<
        Tasks[Name]
      >;
  return {
    parseDefinition: by('parseDefinition'),
    planPipeline: by('planPipeline'),
    renderRevision: by('renderRevision'),
    revisionOfText: by('revisionOfText'),
    valuesOf: by('valuesOf'),
  };
}

/** In the thread at hand, without limits: for the command line and tests, where nobody else waits. */
export const runHere = async (task: string, args: readonly unknown[]): Promise<unknown> => {
  const work = new Map<string, unknown>(Object.entries(heavyTasks)).get(task);
  if (typeof work !== 'function') throw new Error(`there is no heavy work "${task}"`);
  return await Promise.resolve((work as (...all: readonly unknown[]) => unknown)(...args));
};
