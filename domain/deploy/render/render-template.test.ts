import { describe, expect, it } from '@jest/globals';
import { RenderRefusal } from './faults.ts';
import { renderTemplate } from './render-template.ts';

const data = {
  ImageRef: 'app:1',
  Values: {
    name: 'web',
    port: 8080,
    on: true,
    off: false,
    zero: 0,
    empty: '',
    list: ['a', 'b'],
    map: { b: 2, a: 1 },
    deep: { a: { b: 'c' } },
    'with-dash': 'd',
    quoted: 'say "hi"',
  },
};
const render = (text: string) => renderTemplate('a.yaml', text, data).text;
const refusal = (text: string): string => {
  try {
    render(text);
  } catch (error) {
    if (error instanceof RenderRefusal) return `${error.file}:${error.line}: ${error.message}`;
    throw error;
  }
  throw new Error('it was not refused');
};

describe('renderTemplate', () => {
  it.each([
    ['a {{ .Values.name }} b', 'a web b'],
    ['{{ .Values.deep.a.b }}{{ .Values.with-dash }}', 'cd'],
    ['{{.Values.port}} {{ .Values.on }} {{ .Values.zero }}', '8080 true 0'],
    ['{{ .Values.none | default "x" }} {{ .Values.empty | default .Values.name }}', 'x web'],
    ['{{ default 3 .Values.none }} {{ coalesce .Values.none .Values.port }}', '3 8080'],
    ['{{ .Values.quoted | quote }} {{ squote "it\'s" }}', '"say \\"hi\\"" \'it\'\'s\''],
    ['{{ if .Values.off }}a{{ else if .Values.none }}b{{ else }}c{{ end }}', 'c'],
    ['{{ if and .Values.on (not .Values.none) }}a{{ end }}', 'a'],
    ['{{ if or .Values.none (eq .Values.name "api" "web") }}a{{ end }}', 'a'],
    ['{{ if gt (len .Values.list) 1 }}a{{ end }}', 'a'],
    ['{{ range .Values.list }}[{{ . }}]{{ end }}', '[a][b]'],
    ['{{ range $i, $v := .Values.list }}{{ $i }}={{ $v }};{{ end }}', '0=a;1=b;'],
    ['{{ range $k, $v := .Values.map }}{{ $k }}={{ $v }};{{ end }}', 'a=1;b=2;'],
    ['{{ range .Values.list }}{{ $.Values.name }}{{ end }}', 'webweb'],
    ['{{ with .Values.deep }}{{ .a.b }}{{ else }}none{{ end }}', 'c'],
    ['a\n  {{- if .Values.on }}\nb\n  {{- end }}\nc', 'a\nb\nc'],
    ['${{ secrets.TOKEN }} {{ .Values.name }}', '${{ secrets.TOKEN }} web'],
    ['${{ .Values.port }}', '$8080'],
    ['{{ "{{" }} x }}', '{{ x }}'],
    ['a{{/* }} not shown */}}b{{- /* x */ -}} c', 'abc'],
    ['{{ .Values.name | upper | trunc 2 }} {{ "a-b" | replace "-" "_" }}', 'WE a_b'],
    ['{{ .Values.list | join "," }} {{ toJson .Values.map }}', 'a,b {"b":2,"a":1}'],
    ['m:{{ .Values.map | toYaml | nindent 2 }}', 'm:\n  b: 2\n  a: 1'],
    ['{{ "app" | b64enc }} {{ ternary "y" "n" .Values.on }}', 'YXBw y'],
    ['{{ trimSuffix ":1" .ImageRef }} {{ `raw }}` }}', 'app raw }}'],
  ])('renders %j [A-DEP-05]', (text, expected) => {
    expect(render(text)).toBe(expected);
  });

  it.each([
    ['\n{{ .Values.none }}', 'a.yaml:2: {{ .Values.none }}: .Values.none is not set'],
    ['{{ .Values.deep.x.y }}', '{{ .Values.deep.x.y }}: .Values.deep.x is not set'],
    ['{{ .Values.name.x }}', 'is not set'],
    ['{{ .constructor }}', 'is not set'],
    ['{{ .Values.list.length }}', 'is not set'],
    ['{{ .Values.map }}', 'it is a map: pipe it through toYaml'],
    ['{{ range .Values.none }}{{ end }}', 'is not set'],
    ['{{ range .Values.name }}{{ end }}', 'expected a list or a map, got a text'],
    ['{{ eq .Values.port "8080" }}', 'a number cannot be compared with a text'],
    ['{{ required "name it" .Values.none }}', 'name it'],
    ['{{ nope 1 }}', 'there is no function "nope"'],
    ['{{ quote }}', 'quote takes 1 arguments, not 0'],
    ['{{ include "x" . }}', '"include" is not offered here: use a Helm chart'],
    ['{{ $x := 1 }}', 'variables are only set by range'],
    ['{{ $x }}', 'there is no variable $x'],
    ['{{ }}', 'a value or a function is missing'],
    ['{{ .a b }}', 'was not expected here'],
    ['{{ .a | "x" }}', 'expected the name of a function after |'],
    ['{{ (.a }}', 'a ) is missing'],
    ['{{ "\\q" }}', 'has an escape that is not known'],
    ['{{ if .a }}\n', 'a.yaml:1: {{ if }} has no {{ end }}'],
    ['{{ end }}', 'there is nothing to end'],
    ['{{ else }}', 'there is nothing it could belong to'],
    ['{{ if .a }}{{ else }}{{ else }}{{ end }}', 'there is nothing it could belong to'],
    ['{{ .a', 'is never closed with }}'],
    ['{{/* a', 'the comment is never closed'],
    [`{{ ${'('.repeat(50)}1${')'.repeat(50)} }}`, 'is nested too deeply'],
    ['{{ if 1 }}'.repeat(50), 'is nested too deeply'],
    ['{{ indent 1000 "a" }}', 'indent takes 0 to 64 spaces'],
  ])('refuses %j and says why [A-DEP-05]', (text, message) => {
    expect(refusal(text)).toContain(message);
  });

  it('runs no code, whatever a template is named like [A-DEP-05]', () => {
    for (const name of ['toString', 'constructor', '__proto__', 'hasOwnProperty', 'valueOf']) {
      expect(refusal(`{{ .${name} }}`)).toContain('is not set');
    }
    expect(refusal('{{ constructor "x" }}')).toContain('there is no function');
  });

  it('tells for each line of its output where it came from [A-DEP-05]', () => {
    const { text, lines } = renderTemplate(
      'a.yaml',
      'a\n{{- range .Values.list }}\n- {{ . }}\n{{- end }}\nz',
      data,
    );
    expect(text.split('\n')).toEqual(['a', '- a', '- b', 'z']);
    expect(lines).toEqual([1, 3, 3, 5]);
  });

  it.each([
    ['a list', Array.from({ length: 200_000 }, () => 1)],
    ['a map', Object.fromEntries(Array.from({ length: 60_000 }, (_, at) => [`k${String(at)}`, 1]))],
  ])(
    'counts every entry of %s as a step, although the loop has nothing in it [A-DEP-06]',
    (_, many) => {
      const loop = () => renderTemplate('a.yaml', 'a: 1\n{{ range .many }}{{ end }}', { many });
      expect(loop).toThrow(
        expect.objectContaining({ line: 2, message: 'the template repeats itself too often' }),
      );
    },
  );
});
