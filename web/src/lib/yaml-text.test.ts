import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { yamlText } from './yaml-text.ts';

const values: unknown[] = [
  {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    metadata: { name: 'web', labels: { 'app.kubernetes.io/name': 'web', on: 'yes' } },
    spec: {
      replicas: 2,
      template: {
        containers: [
          { name: 'web', args: ['--port', '8080', '-v', ''], env: [], image: 'a/b:1.2@sha256:ab' },
          [['nested', 1.5], { deep: null }],
        ],
      },
    },
  },
  {
    data: {
      script: 'set -e\n\n  echo hi\n',
      tail: 'a\n\n\n',
      one: 'a\nb',
      odd: ' a\nb',
      tab: '\ta',
    },
  },
  { text: ['a: b', '# no', '- x', '1e3', '0x1f', '12:30', '~', 'null', 'Off', 'é\n', 'a\u0007'] },
  {},
  [],
  'word',
];

describe('YAML of manifests', () => {
  it.each(values.map((value) => [JSON.stringify(value).slice(0, 40), value] as const))(
    'reads back as it was: %s [A-UI-05]',
    (_name, value) => {
      expect(parse(yamlText(value))).toEqual(value);
      expect(parse(yamlText(value), { version: '1.1' })).toEqual(value);
    },
  );

  it('is the same for the same object, what it is and its name first [A-UI-05]', () => {
    const one = yamlText({ spec: { b: 1, a: 2 }, metadata: { name: 'x' }, kind: 'K' });
    expect(one).toBe('kind: K\nmetadata:\n  name: x\nspec:\n  a: 2\n  b: 1\n');
    expect(yamlText({ kind: 'K', metadata: { name: 'x' }, spec: { a: 2, b: 1 } })).toBe(one);
  });
});
