import type { JSX } from 'preact';
import { Dialog } from '../components/dialog.tsx';
import { keyHelp } from './keys.ts';

/** The list of keys that `?` shows. */
export function KeyHelp({ onClose }: { onClose: () => void }): JSX.Element {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="key-list">
        {keyHelp.map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              {keys.split(/ +/).map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
