import { z } from '@hono/zod-openapi';
import { listBindings } from '../../../domain/identity/manage-bindings.ts';
import { defineRoute } from '../../define-route.ts';
import { pageAnswer, pageOf, pageQuery, pageRequest } from '../../page.ts';
import { bindingSchema, json, reference } from '../identity/schemas.ts';

export const listBindingsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/role-bindings',
  tag: 'roles',
  operationId: 'listRoleBindings',
  summary: 'Who has which role where: all for admins, a project’s for its readers, else your own',
  access: { kind: 'authenticated' },
  request: {
    query: z.object({
      ...pageQuery,
      q: z.string().max(200).optional().openapi({
        description: 'Words, each a part of the user, the role or the project',
      }),
      user: reference.optional(),
      projectId: reference.optional(),
    }),
  },
  responses: { 200: json('A page of bindings', pageOf(bindingSchema)) },
  handler: async (c) => {
    const { q, user, projectId, ...query } = c.req.valid('query');
    const filter = { q, user, projectId };
    const { db } = c.get('services');
    const page = await listBindings(db, c.get('caller'), pageRequest(query), filter);
    return c.json(pageAnswer(page), 200);
  },
});
