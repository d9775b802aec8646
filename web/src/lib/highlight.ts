import bash from 'highlight.js/lib/languages/bash';
import c from 'highlight.js/lib/languages/c';
import cpp from 'highlight.js/lib/languages/cpp';
import css from 'highlight.js/lib/languages/css';
import diff from 'highlight.js/lib/languages/diff';
import dockerfile from 'highlight.js/lib/languages/dockerfile';
import go from 'highlight.js/lib/languages/go';
import ini from 'highlight.js/lib/languages/ini';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import makefile from 'highlight.js/lib/languages/makefile';
import markdown from 'highlight.js/lib/languages/markdown';
import python from 'highlight.js/lib/languages/python';
import ruby from 'highlight.js/lib/languages/ruby';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';
import { createLowlight } from 'lowlight';

const languages = {
  bash,
  c,
  cpp,
  css,
  diff,
  dockerfile,
  go,
  ini,
  java,
  javascript,
  json,
  makefile,
  markdown,
  python,
  ruby,
  rust,
  sql,
  typescript,
  xml,
  yaml,
};
const highlighter = createLowlight(languages);

type CodeNode = ReturnType<typeof highlighter.highlight>['children'][number];

const endings: Readonly<Record<string, string>> = {
  sh: 'bash',
  bash: 'bash',
  zsh: 'bash',
  shell: 'bash',
  console: 'bash',
  h: 'c',
  cc: 'cpp',
  hpp: 'cpp',
  cxx: 'cpp',
  patch: 'diff',
  toml: 'ini',
  cfg: 'ini',
  conf: 'ini',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  jsx: 'javascript',
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  tsx: 'typescript',
  md: 'markdown',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  html: 'xml',
  svg: 'xml',
  xhtml: 'xml',
  vue: 'xml',
  yml: 'yaml',
  prisma: 'typescript',
  mk: 'makefile',
  jsonc: 'json',
  json5: 'json',
  lock: 'json',
};

/** Name of the language of a file, or null when it is not known. */
export function languageOf(fileName: string): string | null {
  const low = fileName.toLowerCase();
  if (low === 'dockerfile' || low.startsWith('dockerfile.')) return 'dockerfile';
  if (low === 'makefile') return 'makefile';
  const ending = low.slice(low.lastIndexOf('.') + 1);
  const name = Object.hasOwn(endings, ending) ? (endings[ending] ?? ending) : ending;
  return Object.hasOwn(languages, name) ? name : null;
}

/** The language that a fence of Markdown names (`ts`, `sh`, `c++`), or null when it is not known. */
export function languageNamed(word: string): string | null {
  const low = word.toLowerCase();
  if (highlighter.registered(low)) return low;
  return Object.hasOwn(endings, low) ? (endings[low] ?? null) : null;
}

/** A piece of code with its class (`hljs-keyword`), or none. */
export interface CodeToken {
  text: string;
  name: string;
}

/**
 * Lines of coloured pieces, together the very text: it is read from a tree, for a browser that reads HTML leaves out
 * the white space in front and changes line ends. Very long files stay plain.
 */
export function highlightLines(text: string, language: string | null): CodeToken[][] {
  const plain = (): CodeToken[][] => text.split('\n').map((line) => [{ text: line, name: '' }]);
  if (language === null || text.length > 400_000) return plain();
  const lines: CodeToken[][] = [[]];
  const walk = (node: CodeNode, name: string): void => {
    if (node.type === 'text') {
      node.value.split('\n').forEach((part, index) => {
        if (index > 0) lines.push([]);
        if (part !== '') lines.at(-1)?.push({ text: part, name });
      });
    } else if (node.type === 'element') {
      const [own] = [node.properties['className']].flat();
      for (const child of node.children) walk(child, typeof own === 'string' ? own : name);
    }
  };
  for (const node of highlighter.highlight(language, text).children) walk(node, '');
  return lines;
}
