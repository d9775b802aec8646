import { describe, expect, it } from '@jest/globals';
import { configMap, refusalOf, renderFaults, renderInput } from '../../../test/support/render.ts';
import { renderRevision, revisionOfText, valuesOf } from './render-revision.ts';

const shop = {
  'deployment.yaml': [
    'apiVersion: apps/v1',
    'kind: Deployment',
    'metadata:',
    '  name: web',
    'spec:',
    '  replicas: {{ .Values.replicas }}',
    '  template:',
    '    spec:',
    '      containers:',
    '        - name: web',
    '          image: {{ .ImageRef }}',
    '          env:',
    '            - { name: LEVEL, value: {{ .Values.log.level | default "info" | quote }} }',
    '            - { name: ENVIRONMENT, value: {{ .Environment }} }',
    '            - { name: PROJECT, value: {{ .Project }} }',
    '            - { name: CHANGE, value: {{ .Change }} }',
    '            - { name: COMMIT, value: {{ .Commit | quote }} }',
  ].join('\n'),
  'service.yaml':
    'apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { ports: [{ port: 80 }] }\n',
  'ingress.yaml': [
    '{{- if .Values.ingress }}',
    'apiVersion: networking.k8s.io/v1',
    'kind: Ingress',
    'metadata: { name: web }',
    'spec:',
    '  rules:',
    '  {{- range .Values.ingress.hosts }}',
    '    - host: {{ . }}',
    '  {{- end }}',
    '{{- end }}',
  ].join('\n'),
  'values.yaml': 'replicas: 1\nlog: { level: debug, json: true }\n',
  'values-production.yaml': 'replicas: 3\ningress: { hosts: [a.example, b.example] }\n',
  'README.md': '# {{ not a template }}',
};

describe('renderRevision', () => {
  it.each([
    'Instance {{ $labels.instance }} of {{ $value | humanize }}',
    '{{ range .Alerts }}{{ .Labels.Environment }}{{ end }}',
    '{{ define "slack.title" }}{{ template "x" . }}{{ end }}',
    '{{instance}} {{ workflow.parameters.x }}',
    '${{ github.sha }} and {{ "up" | query }}',
    '{{/* of another */}}{{ .Value }}',
    'a {{ that is never closed',
    "{{ if eq $x 'single' }}{{ end }}",
  ])('takes a file as it is that uses nothing of ours: %s [A-DEP-05]', (text) => {
    const [rule] = renderRevision(
      renderInput({ 'rules.yaml': configMap('rules', `data:\n  a: |\n    ${text}\n`) }),
    ).manifests;
    expect(rule).toMatchObject({ data: { a: `${text}\n` } });
  });

  it('gives the text of another program to it from a template, by the escapes of Helm [A-DEP-05]', () => {
    const escapes = [
      '{{ .Environment }}: {{ "{{" }} $labels.instance {{ "}}" }}',
      '{{ .Environment }}: {{`{{ $labels.instance }}`}}',
      '{{ .Environment }}: {{- ` {{ $labels.instance }}` -}}',
    ];
    for (const text of escapes) {
      const files = { 'a.yaml': configMap('a', `data:\n  a: |\n    ${text}\n`) };
      const [rule] = renderRevision(renderInput(files)).manifests;
      expect((rule?.['data'] as { a: string }).a.trim()).toBe('staging: {{ $labels.instance }}');
    }
    const block = configMap(
      'a',
      'data:\n  b: {{ .Project }}\n  a: |\n    {{`{{ range .Alerts }}\n    x{{ end }}`}}\n',
    );
    expect(renderRevision(renderInput({ 'a.yaml': block })).manifests).toMatchObject([
      { data: { a: '{{ range .Alerts }}\nx{{ end }}\n' } },
    ]);
  });

  it.each([
    ['{{ $labels.instance }}', 'there is no variable $labels'],
    ['{{ humanize 1 }}', 'there is no function "humanize"'],
    ['{{ .Alerts }}', '.Alerts is not set'],
    ['{{ define "x" }}', '"define" is not offered here'],
    ['{{ workflow.name }}', 'was not understood'],
    ['{{ a', 'is never closed with }}'],
  ])('refuses %s in a template and says how to write it [A-DEP-05]', (text, why) => {
    const files = { 'a.yaml': configMap('a', `data:\n  b: {{ .Environment }}\n  a: ${text}\n`) };
    const [fault] = renderFaults(files);
    expect(fault).toMatch(/^a.yaml:7: /);
    expect(fault).toContain(why);
    expect(fault).toContain('write {{` before it and `}} after it');
  });

  it.each([
    '{{ .imageRef }}',
    '{{ .ImagRef }}',
    '{{ .Enviromnent }}',
    '{{ .ImageRef }',
    '{{ (.Values.x) }}',
    '{{ $.Values.x }}',
    '{{ if .Values.x.y }}',
    '{{ .Release.Name }}',
    '{{ "{{" }}{{ $labels.x }}',
  ])('takes nothing for the text of another program that asks for ours: %s [A-DEP-05]', (text) => {
    const files = { 'a.yaml': configMap('a', `data: { a: "${text.replaceAll('"', '`')}" }\n`) };
    expect(renderFaults(files)).toHaveLength(1);
  });

  it.each([
    ['values-web.yaml', configMap('web'), 'a file of this name holds values'],
    ['more/values.yml', configMap('web'), 'a file of this name holds values'],
    ['web.YAML', configMap('web'), 'end in .yaml or .yml'],
    ['web.json', '{ "kind": "ConfigMap", "apiVersion": "v1" }', 'end in .yaml or .yml'],
  ])('refuses to leave out the object in %s [A-DEP-06]', (path, text, why) => {
    expect(renderFaults({ 'a.yaml': configMap('a'), [path]: text })).toEqual([
      `${path}:1: it holds a Kubernetes object, and ${why.startsWith('end') ? `those are read from files that ${why}` : why}: rename it`,
    ]);
  });

  it('leaves out values, and JSON that is no object [A-DEP-06]', () => {
    const files = {
      'a.yaml': configMap('a'),
      'package.json': '{ "kind": "x" }',
      'tsconfig.json': '{ // comments',
      'values-staging.yaml': 'job: { apiVersion: v1 }\nkind: x\n',
    };
    expect(renderRevision(renderInput(files)).manifests).toHaveLength(1);
  });

  it('renders every manifest of the folder with image and values, and applies no values file [A-DEP-05, A-DEP-06]', () => {
    const { manifests } = renderRevision(renderInput(shop));
    expect(
      manifests.map(({ kind, metadata }) => [kind, metadata.name, metadata.namespace]),
    ).toEqual([
      ['Deployment', 'web', 'shop'],
      ['Service', 'web', 'shop'],
    ]);
    expect(manifests[0]).toMatchObject({
      spec: {
        replicas: 1,
        template: {
          spec: {
            containers: [
              {
                image: 'registry.local/shop:1',
                env: [
                  { name: 'LEVEL', value: 'debug' },
                  { name: 'ENVIRONMENT', value: 'staging' },
                  { name: 'PROJECT', value: 'ada/shop' },
                  { name: 'CHANGE', value: 'chg_1' },
                  { name: 'COMMIT', value: 'abc' },
                ],
              },
            ],
          },
        },
      },
    });
  });

  it('renders two environments differently from one template, and an override above both [A-DEP-13]', () => {
    const facts = { environment: 'production', project: 'ada/shop', changeId: 'c', commit: 'd' };
    const { manifests } = renderRevision(renderInput(shop, { facts }));
    expect(manifests.map(({ kind }) => kind)).toEqual(['Deployment', 'Ingress', 'Service']);
    expect(manifests[0]).toMatchObject({ spec: { replicas: 3 } });
    expect(manifests[1]).toMatchObject({
      spec: { rules: [{ host: 'a.example' }, { host: 'b.example' }] },
    });
    const valuesOverride = { replicas: 5, log: { level: null }, ingress: { hosts: ['c.example'] } };
    const overridden = renderRevision(renderInput(shop, { facts, valuesOverride })).manifests;
    expect(overridden[0]).toMatchObject({ spec: { replicas: 5 } });
    expect(JSON.stringify(overridden[0])).toContain('"info"');
    expect(overridden[1]).toMatchObject({ spec: { rules: [{ host: 'c.example' }] } });
  });

  it('merges maps, replaces lists, and lets the image win over every value [A-DEP-05]', () => {
    const values = valuesOf(
      renderInput(
        {
          'values.yaml': 'a: { b: 1, c: [1, 2] }\nimageRef: old',
          'values-staging.yaml': 'a: { d: 2 }',
        },
        { valuesOverride: { a: { c: [3] }, imageRef: 'override' } },
      ),
    );
    expect(values).toEqual({ a: { b: 1, c: [3], d: 2 }, imageRef: 'registry.local/shop:1' });
  });

  it('names file, line and expression of each value that is not there [A-DEP-05]', () => {
    const text = `${configMap('a')}data:\n  x: {{ .Values.log.levle | quote }}\n`;
    expect(
      renderFaults({
        'values.yaml': 'log: { level: x }',
        'a.yaml': text,
        'b.yaml': '{{ .ImagRef }}',
      }),
    ).toEqual([
      'a.yaml:6: {{ .Values.log.levle | quote }}: .Values.log.levle is not set',
      'b.yaml:1: {{ .ImagRef }}: .ImagRef is not set',
    ]);
    const facts = { environment: 'staging', project: 'ada/shop', changeId: null, commit: null };
    expect(renderFaults({ 'a.yaml': '\n{{ .Change }}' }, { facts })).toEqual([
      'a.yaml:2: {{ .Change }}: .Change is not set',
    ]);
    expect(renderFaults({ 'a.yaml': '{{ .ImageRef }}' }, { imageRef: '' })).toHaveLength(1);
  });

  it('reports the line of the template when a loop moved the lines of what it made [A-DEP-05]', () => {
    const text =
      '{{- range .Values.names }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ . }}\n  namespace: other\n{{- end }}\n';
    const faults = renderFaults({ 'a.yaml': text, 'values.yaml': 'names: [a, b]' });
    expect(faults).toHaveLength(2);
    for (const fault of faults) expect(fault).toContain('a.yaml:7: ConfigMap');
  });

  it('renders no template inside of a value [A-DEP-05]', () => {
    const files = {
      'a.yaml': `${configMap('a')}data: { x: {{ .Values.x | quote }} }`,
      'values.yaml': 'x: "{{ .ImageRef }}"',
    };
    expect(renderRevision(renderInput(files)).manifests[0]).toMatchObject({
      data: { x: '{{ .ImageRef }}' },
    });
  });

  it('keeps a value of several lines from breaking out of its place [A-DEP-05]', () => {
    const files = {
      'a.yaml': `${configMap('a')}data:\n  x: {{ .Values.x }}\n`,
      'values.yaml': 'x: "a\\nkind: Secret"',
    };
    expect(renderFaults(files)[0]).toContain('a.yaml:6: {{ .Values.x }}: it has several lines');
    const indented = `${configMap('a')}data:\n  x: |\n    {{- .Values.x | nindent 4 }}\n`;
    expect(
      renderRevision(renderInput({ ...files, 'a.yaml': indented })).manifests[0],
    ).toMatchObject({
      data: { x: 'a\nkind: Secret\n' },
    });
    expect(renderFaults({ 'a.yaml': 'a' }, { imageRef: 'a\nb' })[0]).toContain('.ImageRef holds');
  });

  it('takes several documents, nested lists and aliases, and puts all into its namespace [A-DEP-06]', () => {
    const files = {
      'all.yml': [
        `---\n${configMap('one', 'data: &data { k: v }\n')}`,
        '---\n# nothing here\n',
        `---\napiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: ConfigMapList\n    items:\n      - { apiVersion: v1, kind: ConfigMap, metadata: { name: two } }\n  - { apiVersion: v1, kind: Secret, metadata: { name: three, namespace: shop } }\n`,
      ].join(''),
    };
    const { manifests } = renderRevision(renderInput(files));
    expect(manifests.map(({ metadata }) => [metadata.name, metadata.namespace])).toEqual([
      ['one', 'shop'],
      ['two', 'shop'],
      ['three', 'shop'],
    ]);
  });

  it('reads modes, switches and large numbers as Kubernetes reads them, or refuses them [A-DEP-06]', () => {
    const text = configMap(
      'a',
      'spec: { mode: 0644, on: yes, time: 12:30, big: "123456789012345678" }\n',
    );
    expect(renderRevision(renderInput({ 'a.yaml': text })).manifests[0]).toMatchObject({
      spec: { mode: 420, true: true, time: '12:30', big: '123456789012345678' },
    });
    expect(renderFaults({ 'a.yaml': configMap('a', 'x: 12345678901234567890\n') })[0]).toContain(
      'a.yaml:5: the number is too large',
    );
    expect(renderFaults({ 'a.yaml': configMap('a', 'x: .inf\n') })[0]).toContain('infinity');
  });

  it('refuses an empty render unless it is allowed [A-DEP-05]', () => {
    expect(renderFaults({ 'values.yaml': 'a: 1' })[0]).toContain('nothing was rendered');
    expect(renderRevision(renderInput({}, { allowEmpty: true }))).toEqual({
      manifests: [],
      waves: [],
    });
  });

  it('checks what a tool rendered by the same rules and puts the image in [A-DEP-05]', () => {
    const text = configMap('a', 'data: { image: "{{ .ImageRef }}", other: "{{ .Other }}" }\n');
    const { manifests } = revisionOfText({ file: 'kustomize build', text }, renderInput({}));
    expect(manifests[0]).toMatchObject({
      data: { image: 'registry.local/shop:1', other: '{{ .Other }}' },
    });
    const refusal = refusalOf(() =>
      revisionOfText(
        { file: 'helm template', text: text.replace('name: a', 'name: a\n  namespace: b') },
        renderInput({}),
      ),
    );
    expect(refusal.errors[0]).toMatchObject({ file: 'helm template', line: 5 });
  });
});
