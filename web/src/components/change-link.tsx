import type { JSX } from 'preact';
import { Copy } from './copy.tsx';

/** A change id, short, leading to everything that this change caused. */
export function ChangeLink({ id }: { id: string }): JSX.Element {
  return (
    <span class="row tightest" title="Everything that this change caused">
      <a href={`/changes/${id}`}>
        <code>{id.slice(0, 12)}…</code>
      </a>
      <Copy text={id} label="Copy change id" />
    </span>
  );
}
