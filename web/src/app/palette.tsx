import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../components/icon.tsx';
import { type Entry, useEntries } from './palette-entries.ts';

/** Search over projects, their issues and merge requests, deployments, gates and pages, and commands; all by keyboard. */
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
        aria-label="Search projects, issues, merge requests, deployments and pages"
        placeholder="Search projects, issues, merge requests, deployments and pages"
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
