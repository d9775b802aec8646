import type { JSX } from 'preact';
import { deferred } from './components/deferred.tsx';
import { ErrorBoundary, LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import { type ApiProblem, toProblem } from './api/problem.ts';
import { ProblemBox } from './components/feedback.tsx';
import { NotFound } from './pages/not-found.tsx';
import { loadSession, me } from './app/session.ts';
import { Shell } from './app/shell.tsx';
import { ShortAddress } from './app/short-address.tsx';

const SignIn = deferred(() => import('./pages/sign-in.tsx').then((m) => m.SignIn));
const Home = deferred(() => import('./pages/home/home.tsx').then((m) => m.Home));
const Projects = deferred(() => import('./pages/project/projects.tsx').then((m) => m.Projects));
const NewProject = deferred(() =>
  import('./pages/project/new-project.tsx').then((m) => m.NewProject),
);
const ProjectPages = deferred(() =>
  import('./pages/project/project-pages.tsx').then((m) => m.ProjectPages),
);
const Pipelines = deferred(() => import('./pages/pipeline/pipelines.tsx').then((m) => m.Pipelines));
const RunPage = deferred(() => import('./pages/pipeline/run-page.tsx').then((m) => m.RunPage));
const Deployments = deferred(() =>
  import('./pages/deploy/deployments.tsx').then((m) => m.Deployments),
);
const GatesPage = deferred(() => import('./pages/home/gates-page.tsx').then((m) => m.GatesPage));
const Notifications = deferred(() =>
  import('./pages/notify/notifications.tsx').then((m) => m.Notifications),
);
const ChangePage = deferred(() =>
  import('./pages/change/change-page.tsx').then((m) => m.ChangePage),
);
const OpsRepos = deferred(() => import('./pages/deploy/ops-repos.tsx').then((m) => m.OpsRepos));
const DeploymentPage = deferred(() =>
  import('./pages/deploy/deployment-page.tsx').then((m) => m.DeploymentPage),
);
const Settings = deferred(() => import('./pages/settings/settings.tsx').then((m) => m.Settings));
const Admin = deferred(() => import('./pages/admin/admin.tsx').then((m) => m.Admin));

/** Addresses of the API and of documents are the browser's, not the router's. */
const ownAddresses = /^(?!\/(api|docs|openapi\.json|schemas|health)(\/|$)).*/;

/** The whole application. */
export function App(): JSX.Element {
  return (
    <LocationProvider scope={ownAddresses}>
      <Pages />
    </LocationProvider>
  );
}

function Pages(): JSX.Element | null {
  const [problem, setProblem] = useState<ApiProblem>();
  const ask = (): void => {
    setProblem(undefined);
    loadSession().catch((error: unknown) => {
      setProblem(toProblem(error));
    });
  };
  useEffect(ask, []);
  if (problem) {
    return (
      <main class="alone">
        <ProblemBox problem={problem} retry={ask} />
      </main>
    );
  }
  if (me.value === undefined) return null;
  return me.value === null ? <SignedOut /> : <SignedIn />;
}

function SignedOut(): JSX.Element {
  const { path, url, route } = useLocation();
  useEffect(() => {
    if (path === '/sign-in') return;
    const wanted = url + location.hash;
    route(wanted === '/' ? '/sign-in' : `/sign-in?return=${encodeURIComponent(wanted)}`, true);
  }, [path]);
  return (
    <ErrorBoundary>
      <Router>
        <Route path="/sign-in" component={SignIn} />
        <Route default component={Nothing} />
      </Router>
    </ErrorBoundary>
  );
}

function Nothing(): null {
  return null;
}

function SignedIn(): JSX.Element {
  const { path } = useLocation();
  // a malformed escape would make the router throw: such an address names no page
  if (!decodable(path)) {
    return (
      <Shell>
        <NotFound />
      </Shell>
    );
  }
  return (
    <Shell>
      <ErrorBoundary>
        <Router>
          <Route path="/" component={Home} />
          <Route path="/sign-in" component={SignIn} />
          <Route path="/projects" component={Projects} />
          <Route path="/projects/new" component={NewProject} />
          <Route path="/projects/:owner/:project/:page?/:item?" component={ProjectPages} />
          <Route path="/pipelines" component={Pipelines} />
          <Route path="/pipelines/:id" component={RunPage} />
          <Route path="/gates" component={GatesPage} />
          <Route path="/notifications" component={Notifications} />
          <Route path="/changes/:id" component={ChangePage} />
          <Route path="/deployments" component={Deployments} />
          <Route path="/deployments/ops-repos" component={OpsRepos} />
          <Route path="/deployments/:id/:page?" component={DeploymentPage} />
          <Route path="/settings/:page?" component={Settings} />
          <Route path="/admin/:page?" component={Admin} />
          <Route path="/:owner/:project/:page?/:item?" component={ShortAddress} />
          <Route default component={NotFound} />
        </Router>
      </ErrorBoundary>
    </Shell>
  );
}

function decodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
