import type { JSX } from 'preact';
import type { UserName } from '../api/types.ts';

/** Name that a person is shown by. */
export function personName(user: Pick<UserName, 'name' | 'displayName'>): string {
  return user.displayName ?? user.name;
}

function initials(name: string): string {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [name];
  return letters.map((word) => word?.[0]?.toUpperCase() ?? '').join('');
}

/** A small disc with somebody's initials; `withName` writes the name beside it. */
export function Person({
  user,
  withName = true,
}: {
  user: Pick<UserName, 'name' | 'displayName'>;
  withName?: boolean;
}): JSX.Element {
  const name = personName(user);
  return (
    <span class="person" title={name === user.name ? name : `${name} (${user.name})`}>
      <span class="face" aria-hidden="true">
        {initials(name)}
      </span>
      <span class={withName ? 'truncate' : 'hidden-visually'}>{name}</span>
    </span>
  );
}
