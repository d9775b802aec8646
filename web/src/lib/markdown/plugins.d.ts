// these plugins bring no types of their own, or those of another markdown-it
declare module 'markdown-it-emoji' {
  import type { MarkdownIt } from 'markdown-it';
  export function full(md: MarkdownIt, options?: { shortcuts?: Record<string, string> }): void;
}

declare module 'markdown-it-footnote' {
  import type { MarkdownIt } from 'markdown-it';
  function footnote(md: MarkdownIt): void;
  export { footnote as default };
}

declare module 'markdown-it-task-lists' {
  import type { MarkdownIt } from 'markdown-it';
  function taskLists(md: MarkdownIt, options?: { label?: boolean }): void;
  export { taskLists as default };
}

declare module 'markdown-it-github-alerts' {
  import type { MarkdownIt } from 'markdown-it';
  function alerts(md: MarkdownIt, options?: { icons?: Record<string, string> }): void;
  export { alerts as default };
}
