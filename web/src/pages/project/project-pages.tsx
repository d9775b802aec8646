import { deferred } from '../../components/deferred.tsx';
import type { FunctionComponent, JSX } from 'preact';
import { useRoute } from 'preact-iso';
import { call } from '../../api/client.ts';
import { getProject, type ProjectRef } from '../../api/resources.ts';
import type { Project } from '../../api/types.ts';
import { rememberPlace } from '../../app/events.ts';
import { useLoad } from '../../app/load.ts';
import { projectPath } from '../../app/location.ts';
import { Show } from '../../components/feedback.tsx';
import { Icon } from '../../components/icon.tsx';
import { PageHead, Tabs } from '../../components/page.tsx';
import { holds } from '../../lib/permissions.ts';
import { NotFound } from '../not-found.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';
import { RunNow } from './run-now.tsx';

const pages: Readonly<Record<string, FunctionComponent<ProjectPageProps>>> = {
  tree: deferred(() => import('./files.tsx').then((m) => m.Files)),
  file: deferred(() => import('./file.tsx').then((m) => m.FilePage)),
  commits: deferred(() => import('./commits.tsx').then((m) => m.Commits)),
  commit: deferred(() => import('./commit.tsx').then((m) => m.CommitPage)),
  branches: deferred(() => import('./branches.tsx').then((m) => m.Branches)),
  pipelines: deferred(() => import('./project-pipelines.tsx').then((m) => m.ProjectPipelines)),
  issues: deferred(() => import('../issue/issues.tsx').then((m) => m.Issues)),
  'new-issue': deferred(() => import('../issue/new-issue.tsx').then((m) => m.NewIssue)),
  issue: deferred(() => import('../issue/issue-page.tsx').then((m) => m.IssuePage)),
  deployments: deferred(() =>
    import('./project-deployments.tsx').then((m) => m.ProjectDeployments),
  ),
  'merge-requests': deferred(() =>
    import('../review/merge-requests.tsx').then((m) => m.MergeRequests),
  ),
  'new-merge-request': deferred(() =>
    import('../review/new-merge-request.tsx').then((m) => m.NewMergeRequest),
  ),
  'merge-request': deferred(() =>
    import('../review/merge-request-page.tsx').then((m) => m.MergeRequestPage),
  ),
  secrets: deferred(() => import('./secrets.tsx').then((m) => m.Secrets)),
  members: deferred(() => import('./members.tsx').then((m) => m.Members)),
  settings: deferred(() => import('./project-settings.tsx').then((m) => m.ProjectSettings)),
};

/** Pages of one of several: `commits/54fbad9`, `issues/12`, `issues/new`. */
const ofOne: Readonly<Record<string, string>> = {
  commits: 'commit',
  issues: 'issue',
  'merge-requests': 'merge-request',
};

function pageOf(page: string, item: string | undefined): string {
  const one = ofOne[page];
  if (!item || one === undefined) return page;
  return item === 'new' && `new-${one}` in pages ? `new-${one}` : one;
}

/** The head and tabs that all pages of a project share, and the page itself. */
export function ProjectPages(): JSX.Element {
  const { params } = useRoute();
  const at = { owner: params['owner'] ?? '', project: params['project'] ?? '' };
  const key = `${at.owner}/${at.project}`;
  const project = useLoad(`projects/${key}`, (signal) => getProject(at, signal));
  const id = project.data?.id;
  if (id !== undefined) rememberPlace(key, id);
  const access = useLoad(id === undefined ? null : `access/${id}`, () =>
    call('get', '/api/v1/auth/me', { query: { projectId: id } }),
  );
  if (project.problem?.status === 404) return <NotFound what="project" />;
  const page = pageOf(params['page'] ?? 'tree', params['item']);
  const Page = pages[page];
  if (!Page) return <NotFound />;
  const may = (permission: string): boolean => holds(access.data?.permissions ?? [], permission);
  return (
    <Show loaded={project} rows={8} what="Project">
      {(data) => (
        <>
          <Head project={data} at={at} page={page} may={may} />
          <Page key={`${key} ${page}`} project={data} at={at} may={may} item={params['item']} />
        </>
      )}
    </Show>
  );
}

const visibilityWords = { private: 'Private', internal: 'Internal', public: 'Public' } as const;

function Head({
  project,
  at,
  page,
  may,
}: {
  project: Project;
  at: ProjectRef;
  page: string;
  may: (permission: string) => boolean;
}): JSX.Element {
  const to = (rest: string): string => projectPath(at.owner, at.project, rest);
  const tab = (rest: string, text: string, ...of: string[]) => ({
    href: to(rest),
    text,
    current: of.includes(page),
  });
  const tabs = [
    tab('', 'Files', 'tree', 'file'),
    tab('/issues', 'Issues', 'issues', 'issue', 'new-issue'),
    tab(
      '/merge-requests',
      'Merge requests',
      'merge-requests',
      'merge-request',
      'new-merge-request',
    ),
    tab('/pipelines', 'Pipelines', 'pipelines'),
    ...(may('deploy:read') ? [tab('/deployments', 'Deployments', 'deployments')] : []),
    tab('/commits', 'Commits', 'commits', 'commit'),
    tab('/branches', 'Branches', 'branches'),
    ...(may('secret:read') ? [tab('/secrets', 'Secrets', 'secrets')] : []),
    tab('/members', 'Members', 'members'),
    ...(may('project:write') ? [tab('/settings', 'Settings', 'settings')] : []),
  ];
  return (
    <>
      <PageHead
        title={project.displayName ?? project.name}
        documentTitle={`${at.owner}/${at.project}`}
        state={
          <span class="line-meta">
            <span class="row tightest">
              <Icon name={project.visibility === 'private' ? 'lock' : 'users'} size={12} />
              {visibilityWords[project.visibility]}
            </span>
            {project.description && <span class="truncate">{project.description}</span>}
          </span>
        }
        actions={may('pipeline:run') && <RunNow project={project} at={at} />}
      />
      <Tabs label="Project" tabs={tabs} />
    </>
  );
}
