import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

interface Edit {
  file: string;
  find: string;
  replace: string;
}
interface Mutant extends Edit {
  id: string;
  also?: Edit[];
  test: { project: string; path: string; title: string; built?: boolean };
}

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, 'test', 'mutants');
const texts = new Map<string, string>();

function read(name: string): string {
  const text = texts.get(name) ?? readFileSync(path.join(root, name), 'utf8');
  texts.set(name, text);
  return text;
}

const areas = readdirSync(folder)
  .filter((name) => name !== 'result.json')
  .map((name) => path.basename(name, '.json'));
const mutantsOf = (area: string) =>
  JSON.parse(readFileSync(path.join(folder, `${area}.json`), 'utf8')) as Mutant[];

/** The whole proof takes long (`npm run mutants`): this only tells that it could be made with the code of today. */
describe.each(areas)('the mutants of %s', (area) => {
  const mutants = mutantsOf(area);

  it('belong to it, and change one place of a file each', () => {
    expect(mutants.filter(({ id }) => !id.startsWith(`${area}-`))).toEqual([]);
    const edits = mutants.flatMap(({ id, also = [], ...first }) =>
      [first, ...also].map((edit) => ({ id, edit })),
    );
    for (const { id, edit } of edits) {
      const places = read(edit.file).split(edit.find).length - 1;
      expect({ id, file: edit.file, find: edit.find, places }).toMatchObject({ places: 1 });
      expect(edit.replace).not.toBe(edit.find);
    }
  });

  it('each name a test that is there and names the requirement', () => {
    for (const { id, test } of mutants) {
      const text = read(test.path);
      const names = text.includes(test.title) && text.includes(`[${id}]`);
      expect({ id, test, names }).toMatchObject({ names: true });
    }
  });
});
