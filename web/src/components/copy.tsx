import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { toast } from '../app/toasts.ts';
import { Button } from './button.tsx';

/** A button that copies `text` and says so in place. */
export function Copy({ text, label = 'Copy' }: { text: string; label?: string }): JSX.Element {
  const [done, setDone] = useState(false);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => {
        setDone(true);
        setTimeout(() => {
          setDone(false);
        }, 1600);
      },
      () => {
        toast('The browser does not allow copying here. Select the text instead.', 'failure');
      },
    );
  };
  return (
    <Button
      kind="quiet"
      small
      icon={done ? 'check' : 'copy'}
      label={done ? 'Copied' : label}
      onClick={copy}
    />
  );
}

/** A command to run in a terminal, copyable as a whole. */
export function Command({ text }: { text: string }): JSX.Element {
  return (
    <div class="command">
      <pre tabIndex={0} role="group" aria-label="Command">
        {text}
      </pre>
      <Copy text={text} label="Copy command" />
    </div>
  );
}
