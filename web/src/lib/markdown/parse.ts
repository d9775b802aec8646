import makeMarkdownIt, { type MarkdownIt } from 'markdown-it';
import type { full } from 'markdown-it-emoji';
import footnote from 'markdown-it-footnote';
import alerts from 'markdown-it-github-alerts';
import taskLists from 'markdown-it-task-lists';

/** `document`: a file of a repository; `talk`: what people write to each other, where a line end is one. */
export type MarkdownKind = 'document' | 'talk';

type EmojiPlugin = typeof full;

/** GitHub's Markdown. The HTML in it comes out as it was written: nothing here is safe to show. */
function makeParser(kind: MarkdownKind, ...emoji: EmojiPlugin[]): MarkdownIt {
  const parser = makeMarkdownIt({ html: true, linkify: true, breaks: kind === 'talk' })
    .use(footnote)
    .use(taskLists, { label: true })
    .use(alerts, { icons: {} });
  for (const plugin of emoji) parser.use(plugin, { shortcuts: {} });
  const { rules } = parser.renderer;
  // GitHub makes anchors of an emoji's name, so it has to stay known
  rules['emoji'] = (tokens, index) => {
    const { content, markup } = tokens[index] ?? { content: '', markup: '' };
    return `<span title=":${markup}:">${content}</span>`;
  };
  // the page's policy refuses styles in elements
  parser.core.ruler.push('column-alignment', ({ tokens }) => {
    for (const token of tokens) {
      if (token.type !== 'th_open' && token.type !== 'td_open') continue;
      const align = /^text-align:(\w+)$/.exec(String(token.attrGet('style') ?? ''))?.[1];
      token.attrs = align === undefined ? null : [['align', align]];
    }
  });
  return parser;
}

let parsers = { document: makeParser('document'), talk: makeParser('talk') };
let knowsEmoji = false;

/** True when a text may have `:rocket:` in it and what that means is not loaded yet: it is large, and rarely needed. */
export function wantsEmoji(source: string): boolean {
  return !knowsEmoji && /(^|[^:\w]):[\w+-]+:/.test(source);
}

/** Loads the names of emoji; texts parsed from then on know them. */
export async function loadEmoji(): Promise<void> {
  const emoji = await import('markdown-it-emoji');
  parsers = { document: makeParser('document', emoji.full), talk: makeParser('talk', emoji.full) };
  knowsEmoji = true;
}

/**
 * Handlers of events under another name. This is not the wall (`sanitize.ts` is), it is for quiet: a browser reports each
 * one that the page's policy refuses, although it is dropped before anything could call it.
 */
function withoutHandlers(html: string): string {
  return html.replace(/<[a-z][^<>]*>/gi, (tag) =>
    tag.replace(/("[^"]*"|'[^']*')|([\s/"'])on(?=[a-z]+\s*=)/gi, (_, quoted, before) =>
      typeof quoted === 'string' ? quoted : `${String(before)}x-`,
    ),
  );
}

/** HTML of a Markdown text, NOT made harmless. `id` tells the footnotes of several texts on a page apart. */
export function markdownToHtml(source: string, kind: MarkdownKind, id: string): string {
  return withoutHandlers(parsers[kind].render(source, kind === 'document' ? {} : { docId: id }));
}
