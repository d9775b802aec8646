import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ProjectRef } from '../api/resources.ts';
import type { UserName } from '../api/types.ts';
import { useAction } from '../app/load.ts';
import { myName } from '../app/session.ts';
import { Button } from './button.tsx';
import { ProblemBox } from './feedback.tsx';
import { MarkdownField } from './markdown-field.tsx';
import { Person } from './person.tsx';
import { Prose } from './prose.tsx';
import { Time } from './time.tsx';

/** Somebody's words with who and when; one's own can be changed in place. */
export function Remark({
  id,
  author,
  at,
  createdAt,
  updatedAt,
  body,
  did,
  aside,
  onEdit,
}: {
  id?: string;
  author: UserName;
  at: ProjectRef;
  createdAt: string;
  updatedAt?: string;
  body: string;
  /** what they did: `commented` */
  did: ComponentChildren;
  aside?: ComponentChildren;
  /** saves; offered to the author only */
  onEdit?: (body: string) => Promise<void>;
}): JSX.Element {
  const [editing, setEditing] = useState(false);
  const edited = updatedAt !== undefined && Date.parse(updatedAt) - Date.parse(createdAt) > 1000;
  return (
    <article class="remark" id={id}>
      <header class="remark-head">
        <span class="line-meta grow">
          <span class="strong">
            <Person user={author} />
          </span>
          <span>
            {did} <Time at={createdAt} />
            {edited && ', edited'}
          </span>
        </span>
        {aside}
        {onEdit && author.name === myName.value && !editing && (
          <Button
            kind="quiet"
            small
            icon="edit"
            label="Edit comment"
            onClick={() => {
              setEditing(true);
            }}
          />
        )}
      </header>
      {editing && onEdit ? (
        <EditRemark
          body={body}
          at={at}
          save={onEdit}
          onClose={() => {
            setEditing(false);
          }}
        />
      ) : body.trim() === '' ? (
        <p class="remark-none muted">Nothing was written.</p>
      ) : (
        <Prose source={body} at={at} />
      )}
    </article>
  );
}

function EditRemark({
  body,
  at,
  save,
  onClose,
}: {
  body: string;
  at: ProjectRef;
  save: (body: string) => Promise<void>;
  onClose: () => void;
}): JSX.Element {
  const [text, setText] = useState(body);
  const action = useAction(async () => {
    await save(text);
    onClose();
  });
  return (
    <form
      class="stack tight remark-form"
      onSubmit={(event) => {
        event.preventDefault();
        action.run();
      }}
    >
      <MarkdownField
        label="Comment"
        quietLabel
        value={text}
        onValue={setText}
        at={at}
        error={action.problem?.forField('body')}
        autoFocus
        onSend={() => {
          action.run();
        }}
      />
      {action.problem && <ProblemBox problem={action.problem} what="Not saved" />}
      <div class="row end">
        <Button onClick={onClose}>Keep as it was</Button>
        <Button
          type="submit"
          kind="primary"
          pending={action.pending}
          disabled={text.trim() === '' || text === body}
        >
          Save comment
        </Button>
      </div>
    </form>
  );
}
