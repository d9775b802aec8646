import type { JSX } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ProjectRef } from '../api/resources.ts';
import { decodePart } from '../lib/markdown/address.ts';
import { colourCode } from '../lib/markdown/colour-code.ts';
import { findAnchor } from '../lib/markdown/dress.ts';
import { loadEmoji, wantsEmoji } from '../lib/markdown/parse.ts';
import { renderMarkdown } from '../lib/markdown/render.ts';

interface MarkdownProps {
  source: string;
  at: ProjectRef;
  gitRef: string;
  /** the file that it is; null for what people say to each other, where `#12`, `!3` and commits become links */
  path: string | null;
  /** false: any other text, shown as it was written */
  isMarkdown: boolean;
}

/** A text of a repository or of a person, as GitHub shows it, made harmless. */
export function Markdown({ isMarkdown, ...props }: MarkdownProps): JSX.Element {
  return isMarkdown ? <Rendered {...props} /> : <Plain text={props.source} />;
}

function Plain({ text }: { text: string }): JSX.Element {
  return (
    <div class="prose">
      <pre tabIndex={0} role="group" aria-label="Text">
        {text}
      </pre>
    </div>
  );
}

function Rendered({ source, at, gitRef, path }: Omit<MarkdownProps, 'isMarkdown'>): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const folder = path === null ? null : path.slice(0, Math.max(0, path.lastIndexOf('/')));
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!wantsEmoji(source)) return;
    // without them the text shows the names
    loadEmoji().then(
      () => {
        setTurn((value) => value + 1);
      },
      () => undefined,
    );
  }, [source]);
  useLayoutEffect(() => {
    if (!box.current) return;
    box.current.replaceChildren(renderMarkdown(source, { at, gitRef, folder }, id));
    // a fetch that fails leaves the code as it is
    colourCode(box.current).catch(() => undefined);
  }, [source, at.owner, at.project, gitRef, folder, id, turn]);
  useEffect(() => {
    if (folder === null) return undefined;
    const show = (): void => {
      showAnchor(box.current, location.hash);
    };
    show();
    addEventListener('hashchange', show);
    return () => {
      removeEventListener('hashchange', show);
    };
  }, [source, folder]);
  return (
    <div
      ref={box}
      class="prose"
      onClick={(event) => {
        // the address does not change at a second click on the same link
        const link = (event.target as Element).closest('a[href^="#"]');
        if (link && folder !== null) showAnchor(box.current, link.getAttribute('href') ?? '');
      }}
    />
  );
}

/** Ids of a text have a prefix that its links do not have, so a browser does not find them by itself. */
function showAnchor(box: HTMLElement | null, hash: string): void {
  const target = hash.length > 1 && box ? findAnchor(box, decodePart(hash.slice(1))) : null;
  if (!target) return;
  target.scrollIntoView();
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
}
