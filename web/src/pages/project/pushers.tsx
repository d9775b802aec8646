import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { listMembers } from '../../api/issues.ts';
import type { ProjectRef } from '../../api/resources.ts';
import type { ProtectedBranch } from '../../api/types.ts';
import { Label } from '../../components/label.tsx';
import { Picker } from '../../components/picker.tsx';

/** People who may push all the same: members are found by a part of their name; the API knows them by id. */
export function Pushers({
  at,
  known,
  ids,
  onIds,
  error,
}: {
  at: ProjectRef;
  /** names of those who are chosen already, members or not */
  known: ProtectedBranch['pushUsers'];
  ids: readonly string[];
  onIds: (ids: string[]) => void;
  error: string | undefined;
}): JSX.Element {
  const [names, setNames] = useState(new Map(known.map(({ id, name }) => [id, name])));
  return (
    <div class="pushers">
      <Picker
        label="May push all the same"
        what="person"
        text=""
        source={`admin/people/${at.owner}/${at.project}/pushers`}
        find={async (q, signal) => {
          const { items, nextCursor } = await listMembers(at, q, signal);
          // somebody with two roles is a member twice
          const found = new Map(items.map(({ userId, userName }) => [userId, userName]));
          const others = [...found].filter(([id]) => !ids.includes(id));
          return {
            items: others.map(([value, text]) => ({ value, text })),
            more: nextCursor !== null,
          };
        }}
        onPick={({ value, text }) => {
          setNames(new Map(names).set(value, text));
          onIds([...new Set([...ids, value])]);
        }}
        error={error}
        help="Members of the project"
      />
      {ids.length > 0 && (
        <ul class="row wrap" aria-label="Chosen to push all the same">
          {ids.map((id) => (
            <li key={id}>
              <Label
                label={names.get(id) ?? id}
                onRemove={() => {
                  onIds(ids.filter((each) => each !== id));
                }}
              />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
