import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useEffect, useRef, useState } from 'preact/hooks';
import { listProjects, listRuns } from '../api/resources.ts';
import { Icon, type IconName } from '../components/icon.tsx';
import { runTitle } from '../components/run-row.tsx';
import { useLoad } from './load.ts';
import { projectPath } from './location.ts';
import { can } from './session.ts';
import { setTheme } from './theme.ts';

interface Entry {
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
    page('Waiting for you', '/gates', 'waiting'),
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

function useEntries(wanted: string): Entry[] {
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
  const found: Entry[] = [
    ...(projects.data?.items ?? []).map((project): Entry => ({
      text: `${project.owner.name}/${project.name}`,
      hint: 'Project',
      icon: 'project',
      act: projectPath(project.owner.name, project.name),
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

/** Search over projects, pipelines and pages, and commands; all by keyboard. */
export function Palette({ onClose }: { onClose: () => void }): JSX.Element {
  const { route } = useLocation();
  const [wanted, setWanted] = useState('');
  const [at, setAt] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const entries = useEntries(wanted);
  const selected = Math.min(at, Math.max(entries.length - 1, 0));
  useEffect(() => {
    if (dialog.current && !dialog.current.open) dialog.current.showModal();
  }, []);
  const choose = (entry: Entry | undefined): void => {
    if (!entry) return;
    onClose();
    if (typeof entry.act === 'string') route(entry.act);
    else entry.act();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setAt(Math.min(selected + 1, entries.length - 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(selected - 1, 0));
    else if (event.key === 'Enter') choose(entries[selected]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label="Search and commands"
      onCancel={onClose}
      onMouseDown={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <input
        class="palette-input"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={entries.length > 0 ? `palette-${selected}` : undefined}
        aria-label="Search projects, pipelines and pages"
        placeholder="Search projects, pipelines and pages"
        value={wanted}
        autoFocus
        onInput={(event) => {
          setWanted(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id="palette-list" role="listbox" aria-label="Results">
        {entries.map((entry, index) => (
          <li
            key={`${entry.hint} ${entry.text}`}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === selected}
            onPointerMove={() => {
              setAt(index);
            }}
            onClick={() => {
              choose(entry);
            }}
          >
            <Icon name={entry.icon} />
            <span class="grow truncate">{entry.text}</span>
            <span class="meta">{entry.hint}</span>
          </li>
        ))}
      </ul>
      {entries.length === 0 && <p class="palette-none">Nothing is called that.</p>}
    </dialog>
  );
}
