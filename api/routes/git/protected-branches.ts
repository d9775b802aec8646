import { z } from '@hono/zod-openapi';
import { branchGlobProblem } from '../../../contracts/shared/glob.ts';
import { mergeStyles } from '../../../contracts/review/types.ts';
import {
  createProtectedBranch,
  deleteProtectedBranch,
  listProtectedBranches,
  updateProtectedBranch,
} from '../../../domain/git/protected-branches.ts';
import { defineRoute } from '../../define-route.ts';
import { jsonResponse, projectParams, readAccess } from './browse-schemas.ts';

const ids = z.array(z.string().min(1).max(64)).max(100);
const texts = z.array(z.string().min(1).max(200)).max(100);

const styles = z.array(z.enum(mergeStyles)).max(mergeStyles.length);

const ruleBody = z
  .object({
    id: z.string(),
    pattern: z.string(),
    allowForcePush: z.boolean(),
    allowDeletion: z.boolean(),
    pushUserIds: z.array(z.string()),
    pushUsers: z
      .array(z.object({ id: z.string(), name: z.string() }))
      .describe('Those of pushUserIds, by name'),
    allowWriters: z.boolean(),
    requiredApprovals: z.int(),
    requiredChecks: z.array(z.string()),
    requireCodeOwners: z.boolean(),
    mergeStyles: styles,
    vouches: z
      .boolean()
      .describe(
        'What it leads to its branches gets secrets. Not where whoever last said who may push or how many approve may not use secrets.',
      ),
    speaks: z
      .boolean()
      .describe(
        'Where it lets only some push (allowWriters is false), its branches deploy what they hold, whoever runs it. Not where whoever last said who may push or how many approve may not deploy.',
      ),
    createdAt: z.string(),
  })
  .openapi('ProtectedBranch');

/** A rule that could protect nothing is refused: nobody would notice until it was needed. */
const pattern = z
  .string()
  .min(1)
  .max(255)
  .superRefine((text, context) => {
    const problem = branchGlobProblem(text);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  });

const createBody = z.strictObject({
  pattern,
  allowForcePush: z.boolean().default(false),
  allowDeletion: z.boolean().default(false),
  pushUserIds: ids.default([]),
  allowWriters: z.boolean().default(false),
  requiredApprovals: z.int().min(0).max(100).default(0),
  requiredChecks: texts.default([]).describe('Names of steps, or `pipeline` for the whole'),
  requireCodeOwners: z.boolean().default(false),
  mergeStyles: styles.default([]).describe('None: as the project says'),
});

const updateBody = z.strictObject({
  pattern: pattern.optional(),
  allowForcePush: z.boolean().optional(),
  allowDeletion: z.boolean().optional(),
  pushUserIds: ids.optional(),
  allowWriters: z.boolean().optional(),
  requiredApprovals: z.int().min(0).max(100).optional(),
  requiredChecks: texts.optional(),
  requireCodeOwners: z.boolean().optional(),
  mergeStyles: styles.optional(),
});

/** Whoever may only push must not be able to lift what keeps them from pushing. */
const manageAccess = {
  kind: 'permission',
  permission: 'project:delegate',
  project: 'path',
} as const;
const path = '/api/v1/projects/{owner}/{project}/protected-branches';
const rulePath = `${path}/{id}` as const;
const ruleParams = projectParams.extend({ id: z.string().max(64) });

export const listProtectedBranchesRoute = defineRoute({
  method: 'get',
  path,
  tag: 'git',
  operationId: 'listProtectedBranches',
  summary: 'Rules that protect branches',
  access: readAccess,
  request: { params: projectParams },
  responses: jsonResponse('All rules', z.object({ items: z.array(ruleBody) })),
  handler: async (c) =>
    c.json({ items: await listProtectedBranches(c.get('services').db, c.get('project').id) }, 200),
});

export const createProtectedBranchRoute = defineRoute({
  method: 'post',
  path,
  tag: 'git',
  operationId: 'createProtectedBranch',
  summary: 'Protect branches by a pattern',
  access: manageAccess,
  request: {
    params: projectParams,
    body: { required: true, content: { 'application/json': { schema: createBody } } },
  },
  responses: {
    201: { description: 'The rule', content: { 'application/json': { schema: ruleBody } } },
  },
  handler: async (c) => {
    const { db } = c.get('services');
    const input = c.req.valid('json');
    return c.json(
      await createProtectedBranch(db, c.get('caller'), c.get('project').id, input),
      201,
    );
  },
});

export const updateProtectedBranchRoute = defineRoute({
  method: 'patch',
  path: rulePath,
  tag: 'git',
  operationId: 'updateProtectedBranch',
  summary: 'Change a rule',
  access: manageAccess,
  request: {
    params: ruleParams,
    body: { required: true, content: { 'application/json': { schema: updateBody } } },
  },
  responses: jsonResponse('The rule', ruleBody),
  handler: async (c) => {
    const { db } = c.get('services');
    const { id } = c.req.valid('param');
    const projectId = c.get('project').id;
    const input = c.req.valid('json');
    return c.json(await updateProtectedBranch(db, c.get('caller'), projectId, id, input), 200);
  },
});

export const deleteProtectedBranchRoute = defineRoute({
  method: 'delete',
  path: rulePath,
  tag: 'git',
  operationId: 'deleteProtectedBranch',
  summary: 'Remove a rule',
  access: manageAccess,
  request: { params: ruleParams },
  responses: { 204: { description: 'It is gone' } },
  handler: async (c) => {
    const { id } = c.req.valid('param');
    await deleteProtectedBranch(c.get('services').db, c.get('caller'), c.get('project').id, id);
    return c.body(null, 204);
  },
});
