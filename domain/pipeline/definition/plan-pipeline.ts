import { defaultPreviewTtlMs } from '../../../contracts/deploy/preview.ts';
import { matchesAnyGlob } from '../../../contracts/shared/glob.ts';
import type {
  DeployPlan,
  PipelinePlan,
  PipelineTrigger,
  StepPlan,
} from '../../../contracts/pipeline/types.ts';
import { parseDuration } from './duration.ts';
import { expandMatrix, type Variant } from './matrix.ts';
import { asList } from './parse-definition.ts';
import type { Definition, GlobsDefinition, StepDefinition, WhenDefinition } from './schema.ts';

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

/** The word that `on` and `when.event` know this cause by. A pushed tag is both `push` and `tag`. */
function eventsOf(context: PlanContext): string[] {
  const event = eventOfTrigger[context.trigger];
  return event === 'push' && context.gitRef.startsWith('refs/tags/') ? ['push', 'tag'] : [event];
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
    return (expanded.get(step.name) ?? []).map((variant) =>
      planStep(step, variant, needs, definition.env ?? {}, context),
    );
  });
  const deploy = (definition.deploy ?? []).map((one) => planDeploy(one, context));
  return { steps, deploy, notices: noticesOf(definition) };
}

/** Nothing that the file asks for is passed over in silence. */
function noticesOf(definition: Definition): string[] {
  const hasSchedule = asList(definition.on).some((one) => typeof one !== 'string');
  return hasSchedule
    ? ['schedule does not start pipelines yet: push, tag, merge_request and api do']
    : [];
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
  needs: string[],
  sharedEnv: Record<string, string>,
  context: PlanContext,
): StepPlan {
  const fill = (text: string) => fillReferences(text, context, variant.values);
  const env = { ...sharedEnv, ...variant.values, ...step.environment, ...step.env };
  return {
    name: variant.name,
    kind: step.gate === undefined ? 'command' : 'gate',
    image: fill(step.image ?? ''),
    commands: asList(step.commands).map(fill),
    needs,
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
    skipReason: skipReason(step.when, context),
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

/** `refs/heads/main` → `main`. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(heads|tags)\//, '');
}

function skipReason(when: WhenDefinition | undefined, context: PlanContext): string | null {
  if (when === undefined) return null;
  const branch = context.targetBranch ?? shortRef(context.gitRef);
  if (when.branch !== undefined && !globsHold(when.branch, branch))
    return `when: branch ${branch} is not meant`;
  const events = asList(when.event).map((word) => aliases[word] ?? word);
  if (events.length > 0 && !eventsOf(context).some((event) => events.includes(event))) {
    return `when: event ${eventsOf(context).join(', ')} is not meant`;
  }
  const paths = when.path;
  if (
    paths !== undefined &&
    context.changedPaths !== null &&
    !context.changedPaths.some((path) => globsHold(paths, path))
  ) {
    return 'when: no changed file matches';
  }
  return null;
}

function globsHold(globs: GlobsDefinition, text: string): boolean {
  if (typeof globs === 'string' || Array.isArray(globs)) return matchesAnyGlob(asList(globs), text);
  const include = asList(globs.include);
  return (
    (include.length === 0 || matchesAnyGlob(include, text)) &&
    !matchesAnyGlob(asList(globs.exclude), text)
  );
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
