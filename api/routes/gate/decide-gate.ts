import { z } from '@hono/zod-openapi';
import { gateDecisions } from '../../../contracts/gate/types.ts';
import { decideGate } from '../../../domain/gate/decide-gate.ts';
import { describeGate } from '../../../domain/gate/describe-gates.ts';
import { defineRoute } from '../../define-route.ts';
import { gateBody, toGateBody } from '../pipeline/pipeline-body.ts';

export const decideGateRoute = defineRoute({
  method: 'post',
  path: '/api/v1/gates/{id}/decision',
  tag: 'gates',
  operationId: 'decideGate',
  summary: 'Approve, reject or skip',
  description:
    'Needs the permission that the gate names, on its project. Who asked through their own agent may not decide; a person and their agents have one voice. A rollout is approved or rejected; skipping its pruning keeps the objects.',
  // The permission is the gate's own, so the use-case checks it.
  access: { kind: 'authenticated' },
  request: {
    params: z.object({ id: z.string().max(64) }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            decision: z.enum(gateDecisions),
            reason: z.string().max(2000).optional(),
          }),
        },
      },
    },
  },
  responses: {
    200: { description: 'Recorded', content: { 'application/json': { schema: gateBody } } },
  },
  handler: async (c) => {
    const { decision, reason } = c.req.valid('json');
    const { db } = c.get('services');
    const decided = await decideGate(db, c.get('caller'), {
      gateId: c.req.valid('param').id,
      decision,
      reason: reason ?? null,
    });
    const gate = await describeGate(db, decided.id);
    return c.json(toGateBody(gate), 200);
  },
});
