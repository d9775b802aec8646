import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';

const dist = path.resolve(import.meta.dirname, '../../web/dist');
const kB = 1000;

/** What may be loaded: script, compressed as it is sent. Terminal, diff and editor come when they are needed. */
const budget = { firstLoad: 90 * kB, chunk: 60 * kB };
/** Chunks with a budget of their own: the parser, the sanitizer and the slugs of Markdown go together. */
const larger: Readonly<Record<string, number>> = { markdown: 65 * kB };
const budgetOf = (chunk: string): number => larger[chunk.split('-')[0] ?? ''] ?? budget.chunk;

const weigh = (file: string): number =>
  gzipSync(readFileSync(path.join(dist, file)), { level: 9 }).length;

/** Scripts that the page asks for at once, and those that they import before they run. */
function firstLoad(): Set<string> {
  const html = readFileSync(path.join(dist, 'index.html'), 'utf8');
  const named = [...html.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)].map((match) => match[1] ?? '');
  const all = new Set<string>();
  const add = (file: string): void => {
    if (all.has(file)) return;
    all.add(file);
    const text = readFileSync(path.join(dist, file), 'utf8');
    const imports = text.matchAll(/(?:^|[;}])import(?:[^("';]*from)?["']\.\/([^"']+\.js)["']/g);
    for (const match of imports) add(path.join(path.dirname(file), match[1] ?? ''));
  };
  named.forEach(add);
  return all;
}

describe('the budget of the web application', () => {
  it('is kept by what every page loads first [A-UI-01]', () => {
    const files = [...firstLoad()];
    expect(files.length).toBeGreaterThan(2);
    const total = files.reduce((sum, file) => sum + weigh(file), 0);
    expect(total).toBeGreaterThan(10 * kB);
    expect(total).toBeLessThanOrEqual(budget.firstLoad);
  });

  it('is kept by each chunk that comes later [A-UI-01]', () => {
    const chunks = readdirSync(path.join(dist, 'assets')).filter((name) => name.endsWith('.js'));
    expect(chunks.length).toBeGreaterThan(20);
    const over = chunks
      .map((name) => ({ name, bytes: weigh(path.join('assets', name)) }))
      .filter(({ name, bytes }) => bytes > budgetOf(name));
    expect(over).toEqual([]);
  });
});
