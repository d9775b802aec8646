import { useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import { listDeployments } from '../api/deployments.ts';
import { listIssues } from '../api/issues.ts';
import { listGates, listProjects, listRuns } from '../api/resources.ts';
import { listMergeRequests } from '../api/reviews.ts';
import type { IconName } from '../components/icon.tsx';
import { runTitle } from '../components/run-row.tsx';
import { useLoad } from './load.ts';
import { projectPath } from './location.ts';
import { can } from './session.ts';
import { setTheme } from './theme.ts';

/** One line of the palette. */
export interface Entry {
  text: string;
  hint: string;
  icon: IconName;
  /** where it leads, or what it does */
  act: string | (() => void);
}

function fixedEntries(): Entry[] {
  const page = (text: string, act: string, icon: IconName): Entry => ({
    text,
    hint: 'Page',
    icon,
    act,
  });
  const entries = [
    page('Home', '/', 'home'),
    page('Projects', '/projects', 'project'),
    page('Pipelines', '/pipelines', 'workflow'),
    page('Deployments', '/deployments', 'deploy'),
    page('Gates waiting for you', '/gates', 'waiting'),
    page('Ops repositories', '/deployments/ops-repos', 'branch'),
    page('Notifications', '/notifications', 'bell'),
    page('Failed pipelines', '/pipelines?status=failure', 'failure'),
    page('New project', '/projects/new', 'plus'),
    page('API tokens', '/settings/tokens', 'key'),
    page('Profile and sessions', '/settings/profile', 'user'),
  ];
  if (can('users:read') || can('admin:users') || can('admin:read')) {
    entries.push(page('Users', '/admin/users', 'users'), page('Roles', '/admin/roles', 'shield'));
    entries.push(page('Audit', '/admin/audit', 'scroll'));
  }
  const theme = (value: 'light' | 'dark' | 'system', icon: IconName): Entry => ({
    text: `Theme: ${value}`,
    hint: 'Command',
    icon,
    act: () => {
      setTheme(value);
    },
  });
  return [...entries, theme('light', 'sun'), theme('dark', 'moon'), theme('system', 'monitor')];
}

/** Words in order, each anywhere: "pay api" finds "payments-api". */
function matches(text: string, wanted: string): boolean {
  const low = text.toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => low.includes(word));
}

/** What one may go to or do, narrowed by what was typed: first what was found, then the pages. */
export function useEntries(wanted: string): Entry[] {
  const [query, setQuery] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => {
      setQuery(wanted.trim());
    }, 120);
    return () => {
      clearTimeout(timer);
    };
  }, [wanted]);
  const projects = useLoad(`projects/palette/${query}`, (signal) =>
    listProjects({ ...(query ? { q: query } : {}), limit: 8 }, signal),
  );
  const runs = useLoad('pipelines/palette', (signal) => listRuns({ limit: 50 }, signal));
  const deployments = useLoad('deployments/all', (signal) => listDeployments(signal));
  const gates = useLoad('gates/open', () => listGates());
  const found: Entry[] = [
    ...(gates.data?.items ?? []).map((gate): Entry => ({
      text: `${gate.step}${gate.target === null ? '' : ` to ${gate.target}`}`,
      hint: 'Gate',
      icon: 'waiting',
      act: gate.subjectType === 'pipeline' ? `/pipelines/${gate.subjectId}` : '/gates',
    })),
    ...useProjectEntries(query),
    ...(projects.data?.items ?? []).map((project): Entry => ({
      text: `${project.owner.name}/${project.name}`,
      hint: 'Project',
      icon: 'project',
      act: projectPath(project.owner.name, project.name),
    })),
    ...(deployments.data?.items ?? []).map((deployment): Entry => ({
      text: `${deployment.project.owner}/${deployment.project.name} ${deployment.environment}`,
      hint: 'Deployment',
      icon: 'deploy',
      act: `/deployments/${deployment.id}`,
    })),
    ...(runs.data?.items ?? []).map((run): Entry => ({
      text: `${run.project.name} #${run.number} ${runTitle(run)}`,
      hint: 'Pipeline',
      icon: 'workflow',
      act: `/pipelines/${run.id}`,
    })),
  ];
  const all = wanted.trim() === '' ? [...fixedEntries(), ...found] : [...found, ...fixedEntries()];
  return all.filter((entry) => matches(`${entry.text} ${entry.hint}`, wanted.trim())).slice(0, 12);
}

/** Issues and merge requests of the project that one is in, and its pages. */
function useProjectEntries(query: string): Entry[] {
  const { path } = useLocation();
  const [, owner, project] = /^\/projects\/([^/]+)\/([^/]+)/.exec(path) ?? [];
  const isIn = owner !== undefined && project !== undefined && project !== '';
  const at = { owner: decodeURIComponent(owner ?? ''), project: decodeURIComponent(project ?? '') };
  const key = `${at.owner}/${at.project}/palette/${query}`;
  const filter = query === '' ? {} : { q: query };
  const issues = useLoad(isIn ? `issues/${key}` : null, (signal) =>
    listIssues(at, filter, { limit: 8 }, signal),
  );
  const requests = useLoad(isIn ? `merge-requests/${key}` : null, (signal) =>
    listMergeRequests(at, filter, { limit: 8 }, signal),
  );
  if (!isIn) return [];
  const to = (rest: string): string => projectPath(at.owner, at.project, rest);
  return [
    ...(issues.data?.items ?? []).map((issue): Entry => ({
      text: `#${issue.number} ${issue.title}`,
      hint: 'Issue',
      icon: 'issue',
      act: to(`/issues/${issue.number}`),
    })),
    ...(requests.data?.items ?? []).map((request): Entry => ({
      text: `!${request.number} ${request.title}`,
      hint: 'Merge request',
      icon: 'merge-request',
      act: to(`/merge-requests/${request.number}`),
    })),
    { text: `Issues of ${at.project}`, hint: 'Page', icon: 'issue', act: to('/issues') },
    {
      text: `Merge requests of ${at.project}`,
      hint: 'Page',
      icon: 'merge-request',
      act: to('/merge-requests'),
    },
    { text: `New issue in ${at.project}`, hint: 'Page', icon: 'plus', act: to('/issues/new') },
    {
      text: `New merge request in ${at.project}`,
      hint: 'Page',
      icon: 'plus',
      act: to('/merge-requests/new'),
    },
  ];
}
