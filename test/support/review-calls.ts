import type { Answer } from './app-under-test.ts';

/** Address in the place of the pattern, and body, of one call. */
export interface AuditedCall {
  address?: string;
  body?: unknown;
}

export interface CallTools {
  /** a request as the admin */
  call: (method: string, address: string, body?: unknown) => Promise<Answer>;
  /** path of the project */
  project: () => string;
  fresh: (word: string) => string;
  /** makes a thing by the API and answers its id */
  made: (address: string, body: unknown) => Promise<string>;
  /** git in the project's bare repository */
  git: (...args: string[]) => Promise<string>;
  /** puts an empty commit on main */
  commit: () => Promise<string>;
}

/** Things that a call can be made on. */
function makers({ call, project, fresh, made, git, commit }: CallTools) {
  const issues = () => `${project()}/issues`;

  async function issue(): Promise<string> {
    const answer = await call('POST', issues(), { title: fresh('issue') });
    return `${issues()}/${(answer.body as { number: number }).number}`;
  }

  const mergeRequests = () => `${project()}/merge-requests`;

  /** A branch with one commit more than main. */
  async function branch(): Promise<string> {
    const name = fresh('topic');
    const main = await git('rev-parse', '--verify', '-q', 'main').catch(() => commit());
    const sha = await git('commit-tree', `${main}^{tree}`, '-p', main, '-m', name);
    await git('update-ref', `refs/heads/${name}`, sha);
    return name;
  }

  async function mergeRequest(): Promise<string> {
    const body = { title: fresh('request'), sourceBranch: await branch() };
    const answer = await call('POST', mergeRequests(), body);
    return `${mergeRequests()}/${(answer.body as { number: number }).number}`;
  }

  async function remark(): Promise<string> {
    const comments = `${await mergeRequest()}/comments`;
    return `${comments}/${await made(comments, { body: 'a remark' })}`;
  }

  return { issues, issue, mergeRequests, branch, mergeRequest, remark };
}

type Calls = Record<string, () => Promise<AuditedCall> | AuditedCall>;

/** One call for each operation on issues that changes something. */
function issueCalls(tools: CallTools): Calls {
  const { call, fresh, made } = tools;
  const { issues, issue } = makers(tools);
  return {
    'POST /api/v1/projects/{owner}/{project}/issues': () => ({
      address: issues(),
      body: { title: fresh('issue') },
    }),
    'PATCH /api/v1/projects/{owner}/{project}/issues/{number}': async () => ({
      address: await issue(),
      body: { labels: ['bug'] },
    }),
    'POST /api/v1/projects/{owner}/{project}/issues/{number}/close': async () => ({
      address: `${await issue()}/close`,
    }),
    'POST /api/v1/projects/{owner}/{project}/issues/{number}/reopen': async () => {
      const address = await issue();
      await call('POST', `${address}/close`);
      return { address: `${address}/reopen` };
    },
    'POST /api/v1/projects/{owner}/{project}/issues/{number}/comments': async () => ({
      address: `${await issue()}/comments`,
      body: { body: 'a remark' },
    }),
    'PATCH /api/v1/projects/{owner}/{project}/issues/{number}/comments/{id}': async () => {
      const comments = `${await issue()}/comments`;
      return {
        address: `${comments}/${await made(comments, { body: 'a remark' })}`,
        body: { body: 'better' },
      };
    },
    'PUT /api/v1/notifications/preferences': () => ({
      body: { items: [{ type: 'build_failed', channel: 'email', wants: 'none' }] },
    }),
  };
}

/** The same for issues and merge requests. */
export function reviewCalls(tools: CallTools): Calls {
  const { call } = tools;
  const { mergeRequests, branch, mergeRequest, remark } = makers(tools);
  return {
    ...issueCalls(tools),
    'POST /api/v1/projects/{owner}/{project}/merge-requests': async () => ({
      address: mergeRequests(),
      body: { title: 'x', sourceBranch: await branch() },
    }),
    'PATCH /api/v1/projects/{owner}/{project}/merge-requests/{number}': async () => ({
      address: await mergeRequest(),
      body: { title: 'y' },
    }),
    'POST /api/v1/projects/{owner}/{project}/merge-requests/{number}/close': async () => ({
      address: `${await mergeRequest()}/close`,
    }),
    'POST /api/v1/projects/{owner}/{project}/merge-requests/{number}/reopen': async () => {
      const address = await mergeRequest();
      await call('POST', `${address}/close`);
      return { address: `${address}/reopen` };
    },
    'POST /api/v1/projects/{owner}/{project}/merge-requests/{number}/merge': async () => ({
      address: `${await mergeRequest()}/merge`,
      body: { deleteSource: true },
    }),
    'POST /api/v1/projects/{owner}/{project}/merge-requests/{number}/auto-merge': async () => ({
      address: `${await mergeRequest()}/auto-merge`,
      body: {},
    }),
    'DELETE /api/v1/projects/{owner}/{project}/merge-requests/{number}/auto-merge': async () => {
      const address = `${await mergeRequest()}/auto-merge`;
      await call('POST', address, {});
      return { address };
    },
    'POST /api/v1/projects/{owner}/{project}/merge-requests/{number}/comments': async () => ({
      address: `${await mergeRequest()}/comments`,
      body: { body: 'a remark' },
    }),
    'PATCH /api/v1/projects/{owner}/{project}/merge-requests/{number}/comments/{id}': async () => ({
      address: await remark(),
      body: { body: 'better' },
    }),
    'POST /api/v1/projects/{owner}/{project}/merge-requests/{number}/comments/{id}/resolve':
      async () => ({ address: `${await remark()}/resolve` }),
    'POST /api/v1/projects/{owner}/{project}/merge-requests/{number}/comments/{id}/unresolve':
      async () => {
        const address = await remark();
        await call('POST', `${address}/resolve`);
        return { address: `${address}/unresolve` };
      },
    'POST /api/v1/projects/{owner}/{project}/merge-requests/{number}/reviews': async () => ({
      address: `${await mergeRequest()}/reviews`,
      body: { verdict: 'request_changes', body: 'no' },
    }),
  };
}
