import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { GateDecisionKind } from '../../../contracts/gate/types.ts';
import { DomainError, problems } from '../../../contracts/problems.ts';
import { answerGate, readLinkedGate } from '../../../domain/gate/answer-gate.ts';
import { defineRoute } from '../../define-route.ts';
import type { AppEnv } from '../../env.ts';
import { askPage, saidPage } from '../../pages/answer-page.ts';

const path = '/gates/{id}/answer';
const params = z.object({ id: z.string().max(64) });
const html = { 'text/html': { schema: z.string() } };
const maxFormBytes = 10_000;

/** A refusal as a page for people, and as a problem for everything else. */
async function forPeople(c: Context<AppEnv>, work: () => Promise<Response>): Promise<Response> {
  // The address holds the link's token: it goes to no other site, and into no cache.
  c.header('referrer-policy', 'no-referrer');
  c.header('cache-control', 'no-store');
  try {
    return await work();
  } catch (error) {
    const wantsPage = (c.req.header('accept') ?? '').includes('text/html');
    if (!(error instanceof DomainError) || !wantsPage) throw error;
    const { status, title } = problems[error.code];
    return c.html(saidPage(title, error.message), status);
  }
}

/** The fields of a posted form; read by hand because the route is not one of JSON. */
async function readForm(c: Context<AppEnv>): Promise<URLSearchParams> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    size += (chunk as Uint8Array).length;
    if (size > maxFormBytes) throw new DomainError('body_too_large', 'The form is too large.');
    chunks.push(chunk as Uint8Array);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

function readDecision(form: URLSearchParams): {
  decision: GateDecisionKind;
  reason: string | null;
} {
  const decision = form.get('decision');
  const reason = (form.get('reason') ?? '').trim();
  if ((decision !== 'approve' && decision !== 'reject') || reason.length > 2000)
    throw new DomainError('validation_failed', 'Say approve or reject.');
  return { decision, reason: reason === '' ? null : reason };
}

export const showAnswerRoute = defineRoute({
  method: 'get',
  path,
  tag: 'gates',
  operationId: 'showGateAnswer',
  summary: 'The page behind the link in a mail; looking at it changes nothing',
  // The link's token says who answers, and what they may is asked when it is used.
  access: { kind: 'public' },
  raw: true,
  hidden: true,
  request: { params },
  responses: { 200: { description: 'A form', content: html } },
  handler: (c) =>
    forPeople(c, async () => {
      const { db, secretBox } = c.get('services');
      const { id: gateId } = c.req.valid('param');
      const token = c.req.query('token') ?? '';
      const { request } = c.get('caller');
      const { gate, userName } = await readLinkedGate(db, secretBox, { gateId, token }, request);
      const { project, subject, commitTitle, requesterName, quorum, approvals, expiresAt } = gate;
      const facts = [
        `${project.owner}/${project.name} ${subject}`,
        commitTitle,
        requesterName === null ? null : `Asked for by ${requesterName}`,
        `${String(approvals)} of ${String(quorum)} approvals`,
        expiresAt === null ? null : `Expires ${expiresAt.toISOString()}`,
      ].filter((fact) => fact !== null);
      return c.html(askPage({ what: `Approve ${gate.step}?`, facts, userName, token }), 200);
    }),
});

export const answerGateRoute = defineRoute({
  method: 'post',
  path,
  tag: 'gates',
  operationId: 'answerGate',
  summary: 'Decide a gate by the link in a mail, once',
  access: { kind: 'public' },
  raw: true,
  hidden: true,
  request: { params },
  responses: { 200: { description: 'Recorded', content: html } },
  handler: (c) =>
    forPeople(c, async () => {
      const { db, secretBox } = c.get('services');
      const { id: gateId } = c.req.valid('param');
      const form = await readForm(c);
      const token = form.get('token') ?? '';
      const said = readDecision(form);
      await answerGate(db, secretBox, { gateId, token, ...said }, c.get('caller').request);
      const title = said.decision === 'approve' ? 'Approved' : 'Rejected';
      return c.html(saidPage(title, 'Your answer is recorded. You may close this page.'), 200);
    }),
});
