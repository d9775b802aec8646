import { describe, expect, it } from '@jest/globals';
import { markdownToHtml } from './parse.ts';

const html = (source: string): string => markdownToHtml(source, 'document', '');

describe('the HTML of a Markdown text', () => {
  it('has no handler of an event, which a browser would report to whoever reads its console', () => {
    const handlers = [
      '<img src=x onerror="a()">',
      '<details open\nONTOGGLE = a()>',
      '<a title="x"onclick="a()">x</a>',
      '> [!NOTE] <img src=x onerror="a()">\n> x',
    ];
    for (const handler of handlers) expect(html(handler)).not.toMatch(/[\s/"']on[a-z]+\s*=/i);
  });

  it('keeps words that look like one', () => {
    expect(html('[x](u "say onclick=1") `<img onerror=1>` onload=1')).toBe(
      '<p><a href="u" title="say onclick=1">x</a> <code>&lt;img onerror=1&gt;</code> onload=1</p>\n',
    );
  });
});
