import { z } from 'zod';
import { targetKinds } from '../../../contracts/deploy/target.ts';
import { environments } from '../../../contracts/deploy/types.ts';
import { defaultClone } from '../../../contracts/pipeline/types.ts';
import { isPermissionPattern } from '../../../contracts/identity/permissions.ts';
import { parseDuration } from './duration.ts';
import { artifactGlob, branchGlobs, pathGlobs } from './globs.ts';

const duration = z
  .string()
  .refine(
    (text) => parseDuration(text) !== null,
    'expected a duration such as 90s, 10m, 1h30m or 30d',
  )
  .describe('A duration: 90s, 10m, 1h30m, 30d');

const stepName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    'expected lower-case letters, digits, ".", "_" or "-", at most 63 characters',
  )
  .describe('Name of the step, unique in the file');

const envName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'expected a name such as NODE_ENV');

const envValue = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const env = z.record(envName, envValue).describe('Environment variables');

const oneOrMany = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)]);

/** Words for what starts a run. GitHub's and Woodpecker's words are accepted beside ours. */
export const eventWords = [
  'push',
  'tag',
  'merge_request',
  'pull_request',
  'schedule',
  'api',
  'manual',
] as const;
const eventWord = z.enum(eventWords);

const when = z
  .strictObject({
    branch: branchGlobs.optional().describe('Runs on these branches only'),
    event: oneOrMany(eventWord).optional().describe('Runs for these events only'),
    path: pathGlobs.optional().describe('Runs when a file that matches has changed'),
  })
  .describe('When the step runs; otherwise it is skipped');

const artifact = z.strictObject({
  name: stepName.describe('Name to download it by'),
  path: artifactGlob.describe('Glob inside the workspace: dist/**'),
  expires: duration.optional().describe('Kept this long; for ever without it'),
});

const gate = z.strictObject({
  approvals: z.int().min(1).max(20).default(1).describe('How many people must approve'),
  by: z
    .string()
    .refine(
      (text) => isPermissionPattern(text) && !text.includes('*'),
      'expected a permission such as deploy:promote',
    )
    .default('project:write')
    .describe('The permission that an approver needs'),
  expires: duration.default('24h').describe('Refused by itself after this long'),
});

const matrix = z
  .record(envName, z.array(envValue).min(1).max(20))
  .describe('The step runs once for each combination; the values are environment variables');

const step = z.strictObject({
  name: stepName,
  image: z
    .string()
    .min(1)
    .max(512)
    .optional()
    .describe('Container image; the process sandbox notes it only'),
  commands: oneOrMany(z.string().min(1).max(65_536))
    .optional()
    .describe('Shell commands, run by sh -e'),
  needs: z
    .union([stepName, z.array(stepName)])
    .optional()
    .describe('Steps that must have succeeded'),
  env: env.optional(),
  environment: env.optional().describe('The same as env'),
  secrets: z.array(envName).max(100).optional().describe('Secrets given as environment variables'),
  retries: z.int().min(0).max(10).default(0).describe('Tries again this often when it fails'),
  timeout: duration.default('60m'),
  network: z.enum(['egress', 'none']).default('egress'),
  artifacts: z.array(artifact).max(50).optional(),
  gate: gate.optional().describe('Waits for people instead of running commands'),
  when: when.optional(),
  matrix: matrix.optional(),
  failure: z.enum(['fail', 'ignore']).default('fail').describe('ignore: the run goes on'),
});

const trigger = z.union([
  eventWord,
  z.strictObject({ schedule: z.string().min(9).max(120).describe('Cron: "0 3 * * *"') }),
]);

const deployFields = z.strictObject({
  environment: z.enum(environments),
  image: z
    .string()
    .min(1)
    .max(512)
    .describe('A container image, or artifact:NAME: the one file that this run stored as NAME'),
  target: z.enum(targetKinds).optional().describe('Where it runs; local without it'),
  manifests: z
    .string()
    .min(1)
    .max(512)
    .optional()
    .describe('Folder of the manifests; apps/<project> without it'),
  approvals: z.int().min(0).max(20).default(0).describe('People who must approve each sync'),
  bake: duration.default('30s').describe('Watched this long before the new revision is good'),
  timeout: duration.default('5m').describe('The time that a wave has to become healthy'),
  ttl: duration
    .optional()
    .describe('Of a preview: gone this long after the last push; 72h without it'),
  when: when.optional(),
});

const deploy = deployFields.refine(
  ({ environment, ttl }) => ttl === undefined || environment === 'preview',
  { path: ['ttl'], message: 'only a preview ends by itself, expected environment: preview' },
);

const clone = z
  .strictObject({
    depth: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(defaultClone.depth)
      .describe('How many commits of history steps find, the newest; 0: all of them'),
    tags: z
      .boolean()
      .default(defaultClone.tags)
      .describe('All tags of the project; without it those of the commits that are there'),
  })
  .describe('The clone that steps work in');

/** `.platform.yaml`, as written. See design section 8. */
export const definitionSchema = z
  .strictObject({
    on: oneOrMany(trigger)
      .optional()
      .describe('What starts a run; push, merge_request and api without it'),
    env: env.optional().describe('Environment of every step'),
    clone: clone.optional(),
    steps: z.array(step).min(1).max(200),
    deploy: z.array(deploy).max(20).optional(),
  })
  .describe('A Slipway pipeline');

export type Definition = z.output<typeof definitionSchema>;
export type StepDefinition = Definition['steps'][number];
export type WhenDefinition = z.output<typeof when>;

/** JSON Schema 2020-12 of `.platform.yaml`, served at `/schemas/platform.json`. */
export function definitionJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(definitionSchema, { io: 'input' }),
    $id: '/schemas/platform.json',
    title: 'Slipway pipeline (.platform.yaml)',
  };
}
