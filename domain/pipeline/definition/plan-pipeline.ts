import { defaultPreviewTtlMs } from '../../../contracts/deploy/preview.ts';
import {
  defaultClone,
  type DeployPlan,
  type PipelinePlan,
  type PipelineTrigger,
  type StepPlan,
} from '../../../contracts/pipeline/types.ts';
import { parseDuration } from './duration.ts';
import { asList, branchPredicate, pathPredicate, shortRef } from './globs.ts';
import { expandMatrix, type Variant } from './matrix.ts';
import type { Definition, StepDefinition, WhenDefinition } from './schema.ts';

/** What `when` and `${{ … }}` are decided by. */
export interface PlanContext {
  trigger: PipelineTrigger;
  /** full ref: refs/heads/main, refs/tags/v1 */
  gitRef: string;
  commitSha: string;
  /** what a merge request goes into: `when: branch` of its runs means that one, as elsewhere */
  targetBranch?: string | null;
  /** paths changed by the push; null when unknown (first push, API run): then every path rule holds */
  changedPaths: readonly string[] | null;
  /** they are unknown because they are too many to look at: said in the log */
  tooManyChanged?: boolean;
  projectName: string;
  pipelineNumber: number;
}

const aliases: Readonly<Record<string, string>> = { pull_request: 'merge_request', manual: 'api' };
const eventOfTrigger: Readonly<Record<PipelineTrigger, string>> = {
  push: 'push',
  api: 'api',
  schedule: 'schedule',
  mr: 'merge_request',
};

/** The word of the file for this cause, as a step sees it in `SLIPWAY_EVENT`. */
export function eventWordOf({ trigger, gitRef }: Pick<PlanContext, 'trigger' | 'gitRef'>): string {
  const event = eventOfTrigger[trigger];
  return event === 'push' && gitRef.startsWith('refs/tags/') ? 'tag' : event;
}

/** The words that `on` and `when.event` know this cause by. A pushed tag is both `push` and `tag`. */
function eventsOf(context: PlanContext): string[] {
  const event = eventWordOf(context);
  return event === 'tag' ? ['push', 'tag'] : [event];
}

/** Whether a file's `on` lets this cause start a run. Without `on`: push, merge_request and api. An API call always may. */
export function startsRun(
  definition: Definition,
  context: Pick<PlanContext, 'trigger' | 'gitRef'>,
): boolean {
  if (context.trigger === 'api') return true;
  const words = asList(definition.on).map((one) =>
    typeof one === 'string' ? (aliases[one] ?? one) : 'schedule',
  );
  const wanted = words.length > 0 ? words : ['push', 'merge_request', 'api'];
  const event = eventOfTrigger[context.trigger];
  return (
    wanted.includes(event) || (wanted.includes('tag') && context.gitRef.startsWith('refs/tags/'))
  );
}

/**
 * The steps of one run: matrix expanded, `${{ … }}` filled in (secrets stay references), `when` decided,
 * order made explicit (without `needs` anywhere each step needs the one before).
 */
export function planPipeline(definition: Definition, context: PlanContext): PipelinePlan {
  const expanded = new Map(definition.steps.map((step) => [step.name, expandMatrix(step)]));
  const inOrder = definition.steps.every((step) => step.needs === undefined);
  const steps = definition.steps.flatMap((step, index) => {
    const previous = definition.steps[index - 1];
    const needed = inOrder ? (previous === undefined ? [] : [previous.name]) : asList(step.needs);
    const needs = needed.flatMap((name) =>
      (expanded.get(name) ?? []).map((variant) => variant.name),
    );
    // Once for all that a matrix makes of it: many paths against many patterns take their time.
    const skipped = skipReason(step.when, context);
    return (expanded.get(step.name) ?? []).map((variant) => ({
      ...planStep(step, variant, definition.env ?? {}, context),
      needs,
      skipReason: skipped,
    }));
  });
  const deploy = (definition.deploy ?? []).map((one) => planDeploy(one, context));
  const clone = definition.clone ?? defaultClone;
  return { steps, clone, deploy, notices: noticesOf(definition, context) };
}

/** Nothing that the file asks for is passed over in silence. */
function noticesOf(definition: Definition, context: PlanContext): string[] {
  const notices: string[] = [];
  if (asList(definition.on).some((one) => typeof one !== 'string'))
    notices.push('schedule does not start pipelines yet: push, tag, merge_request and api do');
  if (context.tooManyChanged === true)
    notices.push('more files have changed than are looked at one by one: every `when: path` holds');
  return notices;
}

function planDeploy(
  deploy: NonNullable<Definition['deploy']>[number],
  context: PlanContext,
): DeployPlan {
  return {
    environment: deploy.environment,
    image: fillReferences(deploy.image, context, {}),
    target: deploy.target ?? null,
    manifestPath: deploy.manifests ?? null,
    approvals: deploy.approvals,
    bakeMs: parseDuration(deploy.bake) ?? 30_000,
    healthTimeoutMs: parseDuration(deploy.timeout) ?? 300_000,
    ttlMs: parseDuration(deploy.ttl ?? '') ?? defaultPreviewTtlMs,
    isImplicit: deploy.when === undefined,
    skipReason: skipReason(deploy.when, context),
  };
}

function planStep(
  step: StepDefinition,
  variant: Variant,
  sharedEnv: Record<string, string>,
  context: PlanContext,
): Omit<StepPlan, 'needs' | 'skipReason'> {
  const fill = (text: string) => fillReferences(text, context, variant.values);
  const env = { ...sharedEnv, ...variant.values, ...step.environment, ...step.env };
  return {
    name: variant.name,
    kind: step.gate === undefined ? 'command' : 'gate',
    image: fill(step.image ?? ''),
    commands: asList(step.commands).map(fill),
    env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, fill(value)])),
    secrets: step.secrets ?? [],
    retries: step.retries,
    timeoutMs: parseDuration(step.timeout) ?? 3_600_000,
    network: step.network,
    artifacts: (step.artifacts ?? []).map((artifact) => ({
      name: artifact.name,
      path: artifact.path,
      expiresMs: artifact.expires === undefined ? null : parseDuration(artifact.expires),
    })),
    gate:
      step.gate === undefined
        ? null
        : {
            approvals: step.gate.approvals,
            by: step.gate.by,
            expiresMs: parseDuration(step.gate.expires) ?? 86_400_000,
          },
    allowFailure: step.failure === 'ignore',
  };
}

/** Fills `${{ commit.sha }}` and the like. Secret references and unknown ones stay as they are. */
function fillReferences(
  text: string,
  context: PlanContext,
  matrix: Record<string, string>,
): string {
  const values: Record<string, string> = {
    'commit.sha': context.commitSha,
    'commit.short': context.commitSha.slice(0, 8),
    'git.ref': context.gitRef,
    branch: shortRef(context.gitRef),
    'project.name': context.projectName,
    'pipeline.number': String(context.pipelineNumber),
  };
  return text.replace(
    /\$\{\{\s*([a-z]+(?:\.[A-Za-z_][A-Za-z0-9_]*)?)\s*\}\}/g,
    (whole, name: string) => {
      if (name.startsWith('matrix.')) return matrix[name.slice(7)] ?? whole;
      return values[name] ?? whole;
    },
  );
}

function skipReason(when: WhenDefinition | undefined, context: PlanContext): string | null {
  if (when === undefined) return null;
  const branch = context.targetBranch ?? shortRef(context.gitRef);
  if (when.branch !== undefined && !branchPredicate(when.branch)(branch))
    return `when: branch ${branch} is not meant`;
  const events = asList(when.event).map((word) => aliases[word] ?? word);
  if (events.length > 0 && !eventsOf(context).some((event) => events.includes(event))) {
    return `when: event ${eventsOf(context).join(', ')} is not meant`;
  }
  const paths = when.path;
  if (
    paths !== undefined &&
    context.changedPaths !== null &&
    !context.changedPaths.some(pathPredicate(paths))
  ) {
    return 'when: no changed file matches';
  }
  return null;
}

/** Names of all secrets that a step refers to, in `secrets` or as `${{ secrets.NAME }}` in its environment. */
export function secretsOf(step: Pick<StepPlan, 'secrets' | 'env'>): string[] {
  const inEnv = Object.values(step.env).flatMap((value) =>
    [...value.matchAll(/\$\{\{\s*secrets\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g)].map(
      (match) => match[1] ?? '',
    ),
  );
  return [...new Set([...step.secrets, ...inEnv])];
}

/** The step's environment with secret values put in. Only ever called where the step is started. */
export function resolveEnv(
  step: Pick<StepPlan, 'secrets' | 'env'>,
  secrets: ReadonlyMap<string, string>,
): Record<string, string> {
  const env = Object.fromEntries(
    Object.entries(step.env).map(([key, value]) => [
      key,
      value.replace(
        /\$\{\{\s*secrets\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g,
        (_whole, name: string) => secrets.get(name) ?? '',
      ),
    ]),
  );
  for (const name of step.secrets) env[name] = secrets.get(name) ?? '';
  return env;
}
