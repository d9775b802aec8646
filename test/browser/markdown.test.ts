import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { build } from 'esbuild';
import { eventually } from '../support/eventually.ts';
import { axeFindings, openWindow, type Window } from './browser.ts';

jest.setTimeout(300_000);

const html = `<!doctype html><html lang="en"><head><title>Markdown</title></head>
<body><main><h1>Shop</h1><h2>File</h2><div id="box"></div></main><script type="module" src="/page.js"></script></body></html>`;

/** Shows a text as the product does. */
const page = `
import { render } from 'preact';
import { Markdown } from '../../web/src/components/markdown.tsx';

window.showMarkdown = (source, path) => {
  const box = document.querySelector('#box');
  render(null, box);
  render(
    <Markdown source={source} at={{ owner: 'ann', project: 'shop' }} gitRef="main" path={path} isMarkdown />,
    box,
  );
};
`;

/** The renderer in a browser, on a page without the product's policy: what it lets through would run. */
describe('Markdown', () => {
  let server: Server;
  let window: Window;
  let base: string;
  const asked: string[] = [];

  beforeAll(async () => {
    const bundle = await build({
      stdin: { contents: page, resolveDir: import.meta.dirname, loader: 'tsx' },
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      logLevel: 'silent',
    });
    const script = bundle.outputFiles[0]?.text ?? '';
    server = createServer((request, response) => {
      const url = request.url ?? '';
      const isScript = url === '/page.js';
      asked.push(url);
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
      response.end(isScript ? script : html);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    window = await openWindow();
    await window.page.goto(`${base}/file`);
  });
  afterAll(async () => {
    await window.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function show(source: string, path: string | null = 'README.md'): Promise<void> {
    const { page } = window;
    await page.waitForFunction('"showMarkdown" in window');
    await page.evaluate(`showMarkdown(${JSON.stringify(source)}, ${JSON.stringify(path)})`);
  }

  /** `attribute` of the first element that matches; null when there is none. */
  async function attribute(selector: string, name: string): Promise<string | null> {
    const read = `document.querySelector(${JSON.stringify(`#box ${selector}`)})?.getAttribute('${name}') ?? null`;
    return await window.page.evaluate<string | null>(read);
  }

  const count = async (selector: string): Promise<number> =>
    await window.page.locator(`#box ${selector}`).count();

  const text = async (selector = '.prose'): Promise<string> =>
    await window.page.locator(`#box ${selector}`).first().innerText();

  const file = (path: string): string => `/projects/ann/shop/file?ref=main&path=${path}`;
  const raw = (path: string): string => `/api/v1/projects/ann/shop/raw?ref=main&path=${path}`;

  it('leads relative links and pictures to the folder of the file', async () => {
    const links = '[o](other.md) ![](logo.png) [x](../a.md#b) [d](sub/) [r](/c.md)';
    await show(links, 'docs/guide.md');
    expect(await attribute('a:nth-of-type(1)', 'href')).toBe(file('docs%2Fother.md'));
    expect(await attribute('img', 'src')).toBe(raw('docs%2Flogo.png'));
    await show('<img src="../a/my%20logo.png?raw=true">', 'docs/guide.md');
    expect(await attribute('img', 'alt')).toBe('my logo.png');
    await show(links, 'docs/guide.md');
    expect(await attribute('a:nth-of-type(2)', 'href')).toBe(`${file('a.md')}#b`);
    expect(await attribute('a:nth-of-type(3)', 'href')).toBe(
      '/projects/ann/shop/tree?ref=main&path=docs%2Fsub',
    );
    expect(await attribute('a:nth-of-type(4)', 'href')).toBe(file('c.md'));
  });

  it('shows the page whatever stands in a link', async () => {
    await show('before [x](caf%E9.md) [y](100%.md) [c](C%23.md) [out](../../../../x) after');
    expect(await text()).toBe('before x y c out after');
    expect(await attribute('a:nth-of-type(1)', 'href')).toBe(file('caf%25E9.md'));
    expect(await attribute('a:nth-of-type(3)', 'href')).toBe(file('C%23.md'));
    expect(await attribute('a:nth-of-type(4)', 'href')).toBeNull();
    expect(await attribute('a:nth-of-type(4)', 'title')).toBe('It leads out of the repository');
  });

  it('has anchors with slugs of GitHub, numbered where two are the same', async () => {
    const source =
      '# Install it!\n\n## C# & `code`\n\n## Install it!\n\n## :rocket: Go\n\n## Größe\n\n<h2 id="own">Own</h2>\n\n[x](#install-it-1)\n';
    await show(source + '\n\nline\n'.repeat(200));
    await window.page.getByText('🚀').waitFor();
    const ids = await window.page
      .locator('#box :is(h3, h4)')
      .evaluateAll((all) => all.map((one) => one.id));
    expect(ids).toEqual(
      ['install-it', 'c--code', 'install-it-1', 'rocket-go', 'größe', 'own'].map(
        (slug) => `user-content-${slug}`,
      ),
    );
    await window.page.getByRole('heading', { name: 'Install it!', exact: true }).first().waitFor();
    expect(await attribute('.heading-box:nth-of-type(2) a', 'aria-label')).toBe(
      'Link to “C# & code”',
    );
    await window.page.evaluate('scrollTo(0, document.body.scrollHeight)');
    await window.page.evaluate('location.hash = "install-it-1"');
    await eventually(async () => {
      expect(await window.page.evaluate('document.activeElement.id')).toBe(
        'user-content-install-it-1',
      );
      return true;
    });
    await window.page.evaluate('history.replaceState(null, "", "/file")');
  });

  it('shows the HTML that GitHub shows', async () => {
    await show(
      '<p align="center"><img src="a.png" width="20" height="10"></p>\n\n<details open><summary>More</summary>\n\n**bold**\n\n</details>\n\n' +
        'Press <kbd>Ctrl</kbd> H<sub>2</sub>O<br>next\n\n' +
        '<picture><source media="(prefers-color-scheme: dark)" srcset="dark.svg 2x, https://example.com/x.png 1x"><img src="light.svg" alt="Logo"></picture>\n\n' +
        '| a | b |\n|:-:|--:|\n| 1 | 2 |\n\n<dl><dt>t</dt><dd>d</dd></dl>',
    );
    expect(await attribute('p', 'align')).toBe('center');
    expect(await attribute('p img', 'width')).toBe('20');
    expect(await text('details')).toMatch(/^More\s+bold$/);
    expect(await count('details[open] summary')).toBe(1);
    expect(await count(':is(kbd, sub, br, dt)')).toBe(4);
    expect(await attribute('picture source', 'srcset')).toBe(`${raw('dark.svg')} 2x`);
    expect(await attribute('picture img', 'src')).toBe(raw('light.svg'));
    expect(await attribute('th:nth-of-type(1)', 'align')).toBe('center');
    expect(await attribute('td:nth-of-type(2)', 'align')).toBe('right');
    expect(await count('[style]')).toBe(0);
  });

  it('knows tasks, footnotes, alerts, emoji, strikethrough, links by themselves and code in colour', async () => {
    await show(
      '- [x] done\n- [ ] open\n\nA note[^1], ~~gone~~, :tada:, https://example.com/x.\n\n[^1]: The note.\n\n> [!WARNING]\n> Mind it.\n\n```ts\n  const a = 1;\n\n```\n\n```unknown\nx\n```\n',
    );
    expect(await count('li.task-list-item input[type=checkbox][disabled]')).toBe(2);
    expect(await count('input:checked')).toBe(1);
    expect(await attribute('.footnote-ref a', 'href')).toBe('#fn1');
    expect(await attribute('.footnote-item', 'id')).toBe('user-content-fn1');
    expect(await text('.markdown-alert-warning')).toBe('Warning\n\nMind it.');
    expect(await text('s')).toBe('gone');
    await window.page.getByText('🎉').waitFor();
    expect(await attribute('a[rel]', 'href')).toBe('https://example.com/x');
    await window.page.locator('#box .hljs-keyword').waitFor();
    expect(await window.page.locator('#box pre').first().textContent()).toBe('  const a = 1;\n\n');
    expect(await axeFindings(window.page)).toEqual([]);
  });

  it('of what people write keeps line ends, links issues and tells the footnotes of two texts apart', async () => {
    await show('one\ntwo #12 [site](/projects) [f](docs/a.md) [^a]\n\n[^a]: b\n', null);
    expect(await count('br')).toBe(1);
    expect(await attribute('a', 'href')).toBe('/projects/ann/shop/issues/12');
    expect(await attribute('a:nth-of-type(2)', 'href')).toBe('/projects');
    expect(await attribute('a:nth-of-type(3)', 'href')).toBe(file('docs%2Fa.md'));
    const target = (await attribute('.footnote-ref a', 'href')) ?? '';
    expect(target).toMatch(/^#user-content-fn-.+-1$/);
    expect(await attribute('.footnote-item', 'id')).toBe(target.slice(1));
  });

  const attacks = [
    '<script>stolen = 1</script>',
    '<img src=x onerror="stolen = 1">',
    '<svg onload="stolen = 1"><script>stolen = 1</script></svg>',
    '<svg><style><img src=x onerror="stolen = 1"></style></svg>',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=stolen=1&gt;">',
    '<details open ontoggle="stolen = 1"><summary>x</summary></details>',
    '<a href="javascript:stolen = 1" class="bait">x</a>',
    '<a href="java&#10;script:stolen = 1" class="bait">x</a>',
    '[x](javascript:stolen=1) [y](<java\tscript:stolen=1>) [z](data:text/html,<script>stolen=1</script>)',
    '<a href=" &#14; javascript:stolen = 1">x</a>',
    '<iframe srcdoc="<script>parent.stolen = 1</script>"></iframe>',
    '<object data="data:text/html,<script>parent.stolen=1</script>"></object><embed src="/x">',
    '<form action="/take"><input name="password"><button>Go</button></form>',
    '<input type="image" src="x" onerror="stolen = 1"><input autofocus onfocus="stolen = 1">',
    '<style>body { display: none }</style><link rel="stylesheet" href="/x.css">',
    '<div style="position: fixed; inset: 0" class="overlay" onclick="stolen = 1">x</div>',
    '<base href="https://example.com/"><meta http-equiv="refresh" content="0; url=/gone">',
    '<img name="getElementById" id="cookie"><a id="location" name="body">x</a>',
    '> [!NOTE] <img src=x onerror="stolen = 1">\n> x',
    '```"><img/src=x/onerror=stolen=1>\nx\n```',
    '<noscript><p title="</noscript><img src=x onerror=stolen=1>">',
    '<picture><source srcset="javascript:stolen=1 1x, //example.com/a 2x"><img src="javascript:stolen=1"></picture>',
    '| a |\n|---|\n| <img src=x onerror="stolen = 1"> |',
    '[^1]\n\n[^1]: <img src=x onerror="stolen = 1">',
    '<a href="#x" target="_blank" data-item="" aria-hidden="true" tabindex="-1">x</a>',
  ];

  it('lets nothing run, be sent, be laid over the page or take its names', async () => {
    const { page } = window;
    await page.evaluate('delete window.stolen');
    for (const kind of ['README.md', null]) {
      for (const attack of attacks) {
        await show(`before\n\n${attack}`, kind);
        await page.evaluate(
          'document.querySelectorAll("#box a.bait, #box div, #box a").forEach((one) => { if (!/^(https?:)/.test(one.protocol ?? "") || one.matches("div")) one.click(); })',
        );
        const found = await page.evaluate(`({
          stolen: window.stolen ?? null,
          elements: document.querySelectorAll('#box :is(script, style, svg, math, iframe, object, embed, form, button, link, base, meta, noscript, input:not([type=checkbox]))').length,
          attributes: [...document.querySelectorAll('#box *')].flatMap((one) => [...one.attributes])
            .filter(({ name, value }) => /^(on|style|target|data-|formaction|srcdoc)/.test(name) ||
              /^\\s*(javascript|vbscript|data:text)/i.test(value) ||
              (/^(id|name)$/.test(name) && !value.startsWith('user-content-')) ||
              (name === 'class' && /bait|overlay/.test(value))).length,
          names: typeof document.getElementById + typeof document.cookie + typeof document.body.tagName,
          before: document.querySelector('main').textContent.includes('before'),
          here: location.pathname,
        })`);
        expect({ attack, found }).toEqual({
          attack,
          found: {
            stolen: null,
            elements: 0,
            attributes: 0,
            names: 'functionstringstring',
            before: true,
            here: '/file',
          },
        });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await page.evaluate('window.stolen ?? null')).toBeNull();
    expect(asked.filter((url) => /take|gone|x\.css/.test(url))).toEqual([]);
    expect(window.complaints).toEqual([]);
  });
});
