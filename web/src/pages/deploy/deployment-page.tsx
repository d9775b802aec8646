import type { FunctionComponent, JSX } from 'preact';
import { useRoute } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { getDeployment } from '../../api/deployments.ts';
import type { Deployment } from '../../api/types.ts';
import { useCrumbs } from '../../app/breadcrumb.tsx';
import { invalidate, useLoad } from '../../app/load.ts';
import { projectPath } from '../../app/location.ts';
import { Copy } from '../../components/copy.tsx';
import { deferred } from '../../components/deferred.tsx';
import { DeploymentStatus, environmentWords } from '../../components/deployment-chips.tsx';
import { Show } from '../../components/feedback.tsx';
import { Icon } from '../../components/icon.tsx';
import { PageHead, Tabs } from '../../components/page.tsx';
import { Time } from '../../components/time.tsx';
import { deploymentState, isRolling, shortImage } from '../../lib/deployment-state.ts';
import { holds } from '../../lib/permissions.ts';
import { shortSha } from '../../lib/time.ts';
import { NotFound } from '../not-found.tsx';
import { DeploymentActions } from './deployment-actions.tsx';
import type { DeploymentPageProps } from './deployment-page-props.ts';
import { Overview } from './overview.tsx';

const pages = {
  overview: { text: 'Overview', page: Overview },
  history: {
    text: 'History',
    page: deferred(() => import('./history.tsx').then((m) => m.History)),
  },
  revisions: {
    text: 'Revisions',
    page: deferred(() => import('./revisions.tsx').then((m) => m.Revisions)),
  },
  diff: {
    text: 'Rendered changes',
    page: deferred(() => import('./rendered-diff.tsx').then((m) => m.RenderedDiff)),
  },
  settings: {
    text: 'Settings',
    page: deferred(() => import('./deployment-settings.tsx').then((m) => m.DeploymentSettings)),
  },
} as const satisfies Record<string, { text: string; page: FunctionComponent<DeploymentPageProps> }>;

type PageName = keyof typeof pages;

/** One environment of a project: how it is, what is being rolled out, what it was, what it is made of. */
export function DeploymentPage(): JSX.Element {
  const { params } = useRoute();
  const id = params['id'] ?? '';
  const deployment = useLoad(`deployments/${id}`, (signal) => getDeployment(id, signal));
  const projectId = deployment.data?.project.id;
  const access = useLoad(projectId === undefined ? null : `access/${projectId}`, () =>
    call('get', '/api/v1/auth/me', { query: { projectId } }),
  );
  const at = params['page'] ?? 'overview';
  if (deployment.problem?.status === 404) return <NotFound what="deployment" />;
  if (!(at in pages)) return <NotFound />;
  const may = (permission: string): boolean => holds(access.data?.permissions ?? [], permission);
  return (
    <Show loaded={deployment} rows={8} what="Deployment">
      {(data) => (
        <DeploymentView
          deployment={data}
          may={may}
          at={at as PageName}
          known={access.data !== undefined}
        />
      )}
    </Show>
  );
}

/** Events tell of what moves. One that was lost on its way must not leave a rollout standing still on the page. */
function useSafetyNet(deployment: Deployment): void {
  const { id } = deployment;
  const rolling = isRolling(deployment);
  useEffect(() => {
    if (!rolling) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) invalidate(`deployments/${id}`);
    }, 10_000);
    return () => {
      clearInterval(timer);
    };
  }, [id, rolling]);
}

function DeploymentView({
  deployment,
  may,
  at,
  known,
}: DeploymentPageProps & { at: PageName; known: boolean }): JSX.Element {
  const { owner, name } = deployment.project;
  const word = environmentWords[deployment.environment];
  const base = `/deployments/${deployment.id}`;
  const { page: Page } = pages[at];
  useSafetyNet(deployment);
  useCrumbs([
    { text: 'Deployments', href: '/deployments' },
    { text: `${owner}/${name}`, href: projectPath(owner, name, '/deployments') },
    { text: word, href: base },
  ]);
  const state = deploymentState(deployment);
  return (
    <>
      <PageHead
        title={`${name} ${deployment.environment}`}
        documentTitle={`${state.word}: ${name} ${deployment.environment}`}
        before={<DeploymentStatus deployment={deployment} badge />}
        state={<StateLine deployment={deployment} />}
        actions={known && <DeploymentActions deployment={deployment} may={may} />}
      />
      <span class="hidden-visually" role="status">
        {word} {state.word}
      </span>
      <Tabs
        label="Deployment"
        tabs={(Object.keys(pages) as PageName[]).map((each) => ({
          href: each === 'overview' ? base : `${base}/${each}`,
          text: pages[each].text,
          current: each === at,
        }))}
      />
      <Page deployment={deployment} may={may} />
    </>
  );
}

/** What serves, since when, by whom, and where to reach it. */
function StateLine({ deployment }: { deployment: Deployment }): JSX.Element {
  const { project, liveRevision, deployedAt, deployedByName, addresses } = deployment;
  const sha = liveRevision?.commitSha ?? null;
  return (
    <span class="line-meta">
      {liveRevision ? (
        <>
          <span class="num">revision {liveRevision.number}</span>
          <span class="row tightest">
            <code title={liveRevision.imageRef}>{shortImage(liveRevision.imageRef)}</code>
            <Copy text={liveRevision.imageRef} label="Copy image" />
          </span>
        </>
      ) : (
        <span>nothing serves yet</span>
      )}
      {sha !== null && (
        <a href={projectPath(project.owner, project.name, `/commits/${sha}`)}>
          <code>{shortSha(sha)}</code>
        </a>
      )}
      {deployedAt && (
        <span>
          deployed{deployedByName && ` by ${deployedByName}`} <Time at={deployedAt} />
        </span>
      )}
      {addresses.map((address) => (
        <a
          key={address.url}
          class="row tightest"
          href={address.url}
          target="_blank"
          rel="noreferrer"
        >
          <Icon name="external" size={12} />
          {address.url.replace(/^https?:\/\//, '')}
        </a>
      ))}
    </span>
  );
}
