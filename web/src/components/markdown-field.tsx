import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { ProjectRef } from '../api/resources.ts';
import { Prose } from './prose.tsx';

/** A text area for Markdown with a preview that reads as it will be shown; `Ctrl Enter` sends. */
export function MarkdownField(props: {
  label: string;
  /** the label is for screen readers only */
  quietLabel?: boolean;
  value: string;
  onValue: (value: string) => void;
  at: ProjectRef;
  rows?: number;
  error?: string | undefined;
  placeholder?: string;
  autoFocus?: boolean;
  onSend?: () => void;
}): JSX.Element {
  const id = useId();
  const [preview, setPreview] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (props.autoFocus) area.current?.focus();
  }, []);
  return (
    <div class={`field ${props.error ? 'invalid' : ''}`}>
      <div class="row">
        <label for={id} class={props.quietLabel ? 'grow muted' : 'grow'}>
          {props.label}
        </label>
        <div class="segmented" role="group" aria-label={`Show ${props.label.toLowerCase()} as`}>
          <Mode
            word="Write"
            on={!preview}
            onPick={() => {
              setPreview(false);
            }}
          />
          <Mode
            word="Preview"
            on={preview}
            onPick={() => {
              setPreview(true);
            }}
          />
        </div>
      </div>
      {preview && (
        <div class="preview" style={{ minHeight: `${(props.rows ?? 6) * 20 + 14}px` }}>
          {props.value.trim() === '' ? (
            <p class="muted">Nothing to preview.</p>
          ) : (
            <Prose source={props.value} at={props.at} />
          )}
        </div>
      )}
      <textarea
        ref={area}
        id={id}
        class="input"
        hidden={preview}
        rows={props.rows ?? 6}
        value={props.value}
        placeholder={props.placeholder}
        aria-invalid={props.error ? true : undefined}
        aria-describedby={`${id}-note`}
        onInput={(event) => {
          props.onValue(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          props.onSend?.();
        }}
      />
      <p id={`${id}-note`} class="field-note">
        {props.error ?? 'Markdown. #12 links an issue, !3 a merge request, a commit id its commit.'}
      </p>
    </div>
  );
}

function Mode({
  word,
  on,
  onPick,
}: {
  word: string;
  on: boolean;
  onPick: () => void;
}): JSX.Element {
  return (
    <button type="button" aria-pressed={on} onClick={onPick}>
      {word}
    </button>
  );
}
