// @ts-check
/**
 * One flow through the client that @hey-api/openapi-ts makes: prints what it saw as one line of JSON.
 * Arguments: begin | review, base URL, token, owner, project.
 */
import assert from 'node:assert';
import * as slipway from './client/index';
import { createClient } from './client/client';

/** @typedef {import('./client/index').Problem} Problem */

const [verb, baseUrl, token, owner = '', project = ''] = process.argv.slice(2);
const client = createClient({ baseUrl, auth: token });
const place = { client, path: { owner, project } };
const issue = (/** @type {number} */ number) => ({ client, path: { owner, project, number } });

/** @template T @param {{ data?: T, error?: unknown }} answer @returns {NonNullable<T>} */
function data(answer) {
  assert.ok(answer.data, JSON.stringify(answer.error));
  return answer.data;
}

/** @param {{ error?: Problem }} answer */
function problem({ error }) {
  assert.ok(error);
  return [error.status, error.code, (error.errors ?? []).map(({ pointer }) => pointer)];
}

async function begin() {
  const made = data(await slipway.createProject({ client, body: { name: project } }));
  for (const title of ['Issue 1', 'Issue 2', 'Issue 3']) {
    data(await slipway.createIssue({ ...place, body: { title } }));
  }
  const comment = data(await slipway.createIssueComment({ ...issue(1), body: { body: 'Mine' } }));
  data(await slipway.updateIssue({ ...issue(1), body: { assignee: owner } }));
  const first = data(await slipway.listIssues({ ...place, query: { limit: 2 } }));
  const cursor = first.nextCursor ?? '';
  const rest = data(await slipway.listIssues({ ...place, query: { limit: 2, cursor } }));
  const assigned = data(await slipway.getIssue(issue(1)));
  const free = data(await slipway.getIssue(issue(2)));
  const stranger = createClient({ baseUrl, auth: 'slp_wrong' });
  return {
    project: made.name,
    comment: [comment.body, comment.author.name],
    pages: [first, rest].map((page) => page.items.map(({ number }) => number)),
    last: rest.nextCursor,
    assignees: [assigned.assignee?.name ?? null, free.assignee],
    absent: problem(await slipway.getIssue(issue(99))),
    invalid: problem(await slipway.createIssue({ ...place, body: { title: '' } })),
    again: problem(await slipway.createProject({ client, body: { name: project } })),
    stranger: problem(await slipway.getIssue({ ...issue(1), client: stranger })),
  };
}

async function review() {
  const body = { title: 'Topic', sourceBranch: 'topic', targetBranch: 'main' };
  const opened = data(await slipway.createMergeRequest({ ...place, body }));
  const read = data(await slipway.getMergeRequest(issue(opened.number)));
  const pipelines = data(await slipway.listProjectPipelines({ ...place, query: { ref: 'main' } }));
  const archive = data(await slipway.downloadArchive({ ...place, query: { ref: 'main' } }));
  assert.ok(archive instanceof Blob);
  return {
    mergeRequest: [read.status, read.sourceBranch, read.author.name],
    unmerged: [read.mergedBy, read.mergedAt, read.mergeSha, read.autoMerge],
    pipelines: pipelines.items.map((run) => [run.trigger, run.gitRef]),
    archive: [...new Uint8Array(await archive.arrayBuffer())].slice(0, 2),
  };
}

process.stdout.write(`${JSON.stringify(await (verb === 'begin' ? begin() : review()))}\n`);
