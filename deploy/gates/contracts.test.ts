import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { problems } from '../../contracts/problems.ts';

const root = join(import.meta.dirname, '../..');
const kinds = { signal: 'Signal', query: 'Query', update: 'Update' } as const;

/** Areas of contracts/ that have a file of this name, with its path. */
function areaFiles(name: string): [area: string, path: string][] {
  return readdirSync(join(root, 'contracts'))
    .map((area): [string, string] => [area, join(root, 'contracts', area, name)])
    .filter(([, path]) => existsSync(path));
}

/** Members of the exported `…Activities` interfaces of all of contracts/. */
function activityNames(): string[] {
  return readdirSync(join(root, 'contracts'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(root, 'contracts', name), 'utf8'))
    .flatMap((text) => [
      ...ts.createSourceFile('contracts.ts', text, ts.ScriptTarget.ES2022).statements,
    ])
    .filter((node) => ts.isInterfaceDeclaration(node))
    .filter((node) => node.name.text.endsWith('Activities'))
    .flatMap((node) => node.members.map((member) => (member.name as ts.Identifier).text));
}

/** What the compiler says about contracts/ plus `extra` with neither Node's nor the browser's types. */
function compileBare(extra: string[]): string[] {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, 'workflows/tsconfig.json'),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  );
  if (!config) throw new Error('workflows/tsconfig.json cannot be read');
  const contracts = config.fileNames.filter((file) => file.includes('/contracts/'));
  const program = ts.createProgram([...contracts, ...extra], config.options);
  return ts
    .getPreEmitDiagnostics(program)
    .map((found) => ts.flattenDiagnosticMessageText(found.messageText, ' '));
}

describe('the vocabulary', () => {
  it.each(areaFiles('messages.ts'))(
    'names each message of %s on the wire as its export without the kind',
    async (_area, path) => {
      const messages = Object.entries((await import(path)) as Record<string, unknown>);
      expect(messages.length).toBeGreaterThan(0);
      for (const [exported, value] of messages) {
        const { type, name } = value as { type: keyof typeof kinds; name: string };
        expect(exported).toBe(name + kinds[type]);
      }
    },
  );

  it('uses no activity name twice, whatever the area', () => {
    const names = activityNames();
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it('has a page of advice for every problem code, and no page for a code that is gone', () => {
    const pages = readdirSync(join(root, 'docs/problems'))
      .filter((name) => name.endsWith('.md') && name !== 'README.md')
      .map((name) => name.slice(0, -'.md'.length));
    expect(pages.sort()).toEqual(Object.keys(problems).sort());
  });

  it.each(Object.entries(problems))(
    'tells on the page of %s its status, what it means and what to do',
    (code, { status, title }) => {
      const page = readFileSync(join(root, 'docs/problems', `${code}.md`), 'utf8');
      expect(page).toContain(`# ${title}`);
      expect(page).toContain(`\`${code}\``);
      expect(page).toContain(`HTTP ${status}`);
      for (const part of ['## What it means', '## Usual causes', '## What to do']) {
        expect(page).toContain(part);
      }
    },
  );

  it('compiles without the types of Node or a browser, and a use of either is refused', () => {
    expect(compileBare([])).toEqual([]);
    const folder = mkdtempSync(join(tmpdir(), 'bare-'));
    try {
      const file = join(folder, 'breach.ts');
      writeFileSync(file, 'export const home = process.env; export const get = fetch;\n');
      const said = compileBare([file]);
      expect(said.some((text) => text.includes("'process'"))).toBe(true);
      expect(said.some((text) => text.includes("'fetch'"))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 240_000);
});
