import { z } from '@hono/zod-openapi';
import { addMember, listMembers, removeMember } from '../../../domain/project/members.ts';
import { defineRoute } from '../../define-route.ts';
import { projectParams, projectPath } from './project-body.ts';

const memberBody = z
  .object({
    id: z.string(),
    userId: z.string(),
    userName: z.string(),
    role: z.string(),
    grantedBy: z.string().nullable(),
    createdAt: z.string(),
  })
  .openapi('Member');

const path = `${projectPath}/members` as const;
const manage = { kind: 'permission', permission: 'project:delegate', project: 'path' } as const;

export const listMembersRoute = defineRoute({
  method: 'get',
  path,
  tag: 'projects',
  operationId: 'listMembers',
  summary: 'Who has a role on the project, in the order they got it',
  access: { kind: 'permission', permission: 'project:read', project: 'path' },
  request: {
    params: projectParams,
    query: z.strictObject({
      q: z.string().max(200).optional().describe('Part of the name'),
      cursor: z.string().max(64).optional(),
      limit: z.coerce.number().int().min(1).max(100).default(50),
    }),
  },
  responses: {
    200: {
      description: 'A page of members',
      content: {
        'application/json': {
          schema: z.object({ items: z.array(memberBody), nextCursor: z.string().nullable() }),
        },
      },
    },
  },
  handler: async (c) => {
    const { q, cursor, limit } = c.req.valid('query');
    const page = await listMembers(c.get('services').db, c.get('project').id, {
      q,
      after: cursor ?? null,
      limit,
    });
    return c.json({ items: page.items, nextCursor: page.next }, 200);
  },
});

export const addMemberRoute = defineRoute({
  method: 'post',
  path,
  tag: 'projects',
  operationId: 'addMember',
  summary: 'Give somebody a role on the project; nobody gives what they lack',
  access: manage,
  request: {
    params: projectParams,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            user: z.string().min(1).max(200),
            role: z.string().min(1).max(100),
          }),
        },
      },
    },
  },
  responses: {
    201: { description: 'The member', content: { 'application/json': { schema: memberBody } } },
  },
  handler: async (c) => {
    const { db } = c.get('services');
    const input = c.req.valid('json');
    return c.json(await addMember(db, c.get('caller'), c.get('project').id, input), 201);
  },
});

export const removeMemberRoute = defineRoute({
  method: 'delete',
  path: `${path}/{id}`,
  tag: 'projects',
  operationId: 'removeMember',
  summary: 'Take a role on the project away',
  access: manage,
  request: { params: projectParams.extend({ id: z.string().max(64) }) },
  responses: { 204: { description: 'It is taken' } },
  handler: async (c) => {
    const { id } = c.req.valid('param');
    await removeMember(c.get('services').db, c.get('caller'), c.get('project').id, id);
    return c.body(null, 204);
  },
});
