import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DomainError } from '../../../contracts/problems.ts';
import { configMap, renderFaults, renderInput } from '../../../test/support/render.ts';
import { renderRevision } from './render-revision.ts';

describe('what a manifest may not do', () => {
  const clusterRole =
    'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: root }\n';

  it('refuses cluster-wide kinds, also inside of lists, unless it is allowed [A-DEP-06]', () => {
    const listed = `apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: List\n    items:\n      - { apiVersion: v1, kind: Namespace, metadata: { name: x } }\n`;
    const others = [
      ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
      ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'],
      ['v1', 'PersistentVolume'],
    ].map(([version, kind]) => `apiVersion: ${version}\nkind: ${kind}\nmetadata: { name: x }\n`);
    const files = { 'a.yaml': clusterRole, 'b.yaml': listed, 'c.yaml': others.join('---\n') };
    const faults = renderFaults(files);
    expect(faults).toHaveLength(5);
    expect(faults[0]).toBe(
      'a.yaml:2: ClusterRole root belongs to the whole cluster: this deployment may only touch its namespace "shop"',
    );
    expect(faults[1]).toContain('b.yaml:7: Namespace x');
    const allowed = renderRevision(renderInput({ 'a.yaml': clusterRole }, { clusterScope: true }));
    expect(allowed.manifests[0]?.metadata).toEqual({ name: 'root' });
  });

  it('refuses objects of another namespace, without name, with a generated name, and doubled ones [A-DEP-06]', () => {
    expect(
      renderFaults({
        'a.yaml': `${configMap('a')}  namespace: kube-system\n`,
        'b.yaml': 'apiVersion: v1\nkind: Pod\nmetadata:\n  generateName: x-\n',
        'c.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {}\n---\njust a text\n---\nkind: Pod\n',
        'd.yaml': configMap('same'),
        'e.yaml': `---\n${configMap('same')}`,
        'f.yaml': configMap('f', '  labels: { tier: 1 }\n'),
      }),
    ).toEqual([
      'a.yaml:5: ConfigMap a lies in the namespace "kube-system": this deployment may only touch "shop"',
      'b.yaml:4: this Pod has generateName, which makes a new object each time: give it a name',
      'c.yaml:3: this Pod has no name that Kubernetes takes',
      'c.yaml:5: expected a Kubernetes object',
      'c.yaml:7: apiVersion is missing or odd: expected v1, apps/v1 or the like',
      'f.yaml:5: labels of ConfigMap f: the value of "tier" has to be a text, put it in quotes',
      'e.yaml:2: ConfigMap/shop/same is there already: d.yaml:1',
    ]);
  });

  it('refuses duplicate keys, in manifests and in values, with the line of the second [A-DEP-06]', () => {
    expect(renderFaults({ 'a.yaml': configMap('a', 'data:\n  x: 1\n  x: 2\n') })).toEqual([
      'a.yaml:7: the key "x" is there twice',
    ]);
    expect(renderFaults({ 'a.yaml': configMap('a', 'data: {1: a, "1": b}\n') })[0]).toContain(
      'twice',
    );
    expect(renderFaults({ 'a.yaml': configMap('a'), 'values.yaml': 'a: 1\na: 2\n' })).toEqual([
      'values.yaml:2: the key "a" is there twice',
    ]);
    expect(renderFaults({ 'a.yaml': configMap('a', '__proto__: { x: 1 }\n') })[0]).toContain(
      '__proto__',
    );
  });

  it('refuses more than 100 aliases, and fewer that grow into a bomb, at once [A-DEP-06]', () => {
    const many = `x: &x 1\nlist:\n${'  - *x\n'.repeat(101)}`;
    expect(renderFaults({ 'a.yaml': many })[0]).toContain('more than 100 aliases');
    const bomb = ['a0: &a0 [x, x]'];
    for (let at = 1; at <= 12; at += 1) {
      bomb.push(
        `a${at}: &a${at} [${Array(8)
          .fill(`*a${at - 1}`)
          .join(', ')}]`,
      );
    }
    expect(renderFaults({ 'a.yaml': bomb.join('\n') })[0]).toContain(
      'its aliases grow into too much',
    );
    const merges = ['a0: &a0 { k: 1 }'];
    for (let at = 1; at <= 45; at += 1) {
      merges.push(`a${at}: &a${at} { p: { <<: *a${at - 1} }, q: { <<: *a${at - 1} } }`);
    }
    expect(renderFaults({ 'a.yaml': merges.join('\n') })[0]).toContain('grow into too much');
    expect(renderFaults({ 'a.yaml': 'a: &a [*a]' })[0]).toContain('grow into too much');
    expect(renderFaults({ 'a.yaml': 'a: *none' })[0]).toMatch(/a.yaml:1: .*none/);
  });

  it.each([
    ['NUL in a value', configMap('a', 'data: { x: "\\0" }\n')],
    ['half of a character in a key', configMap('a', 'data: { "\\ud800": x }\n')],
  ])('refuses %s, which cannot be kept, with its line [A-DEP-06]', (_, text) => {
    expect(renderFaults({ 'a.yaml': text })[0]).toMatch(/^a.yaml:5: the text holds NUL or half/);
  });

  it.each([
    ['a file of brackets', '['.repeat(300_000)],
    ['deep maps', Array.from({ length: 200 }, (_, at) => `${' '.repeat(at)}a:`).join('\n')],
    ['many documents', '---\n'.repeat(200_000)],
    ['many keys', Array.from({ length: 100_000 }, (_, at) => `k${at}: 1`).join('\n')],
    ['many errors', ': : :\n'.repeat(100_000)],
    ['two megabytes', `a: ${'x'.repeat(2 * 1024 * 1024)}`],
    [
      'an endless loop',
      '{{ range .Values.a }}{{ range $.Values.a }}{{ range $.Values.a }}x{{ end }}{{ end }}{{ end }}',
    ],
    ['binary data', '\0\u0001\uD800'],
    ['an unclosed action', 'a: {{ .ImageRef'],
  ])('refuses %s before it costs a second [A-DEP-06]', (_, text) => {
    const values = `a: [${Array(200).fill(1).join(',')}]`;
    expect(renderFaults({ 'a.yaml': text, 'values.yaml': values })).not.toHaveLength(0);
  });

  it('never fails in another way than by refusing, whatever the files hold [A-DEP-06]', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '{{',
        '}}',
        '{{ if',
        ' .Values.a',
        ' | quote',
        '{{- end }}',
        ' range $k, $v := ',
        '---\n',
        'apiVersion: v1\n',
        'kind: List\n',
        'metadata:\n  name: a\n',
        'items:\n',
        '  - ',
        '&a ',
        '*a',
        '<<: ',
        '"',
        '|\n',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          renderRevision(renderInput({ 'a.yaml': pieces.join('') }));
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('a file that is too large', () => {
  it('is refused with its name, how large it is and how large it may be [A-DEP-06]', () => {
    const text = `a: ${'x'.repeat(3.5 * 1024 * 1024)}`;
    expect(renderFaults({ 'crds.yaml': text })).toEqual([
      'crds.yaml:1: the file is larger than 1 MiB: it has 3.5 MiB',
    ]);
  });
});
