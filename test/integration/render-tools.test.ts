import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { renderManifests } from '../../activities/deploy/render-manifests.ts';
import { findTool } from '../../adapters/render/find-tool.ts';
import { heavyBy, runHere } from '../../domain/heavy/heavy.ts';
import { createManifestTools } from '../../adapters/render/manifest-tools.ts';
import { renderInput } from '../support/render.ts';

const heavy = heavyBy(runHere);

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'slipway-tools-'));
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const deployment = [
  'apiVersion: apps/v1',
  'kind: Deployment',
  'metadata: { name: web }',
  'spec:',
  '  replicas: 1',
  '  selector: { matchLabels: { app: web } }',
  '  template:',
  '    metadata: { labels: { app: web } }',
  '    spec: { containers: [{ name: web, image: "{{ .ImageRef }}" }] }',
].join('\n');
const kustomized = {
  'base/deployment.yaml': deployment,
  'base/kustomization.yaml': 'resources: [deployment.yaml]\n',
  'overlays/staging/kustomization.yaml':
    'resources: [../../base]\nnamePrefix: staging-\nreplicas: [{ name: web, count: 3 }]\n',
  'kustomization.yaml': 'resources: [base]\n',
};
const chart = {
  'Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\n',
  'values.yaml': 'replicas: 1\ngreeting: hello\n',
  'values-staging.yaml': 'replicas: 2\n',
  'templates/config.yaml': [
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata: { name: {{ .Release.Name }}-settings }',
    'data: { replicas: {{ .Values.replicas | quote }}, greeting: {{ .Values.greeting }}, image: {{ .Values.imageRef }} }',
  ].join('\n'),
};

/** A program in place of a tool, which tells what it was given; shell, as the box has nothing else of ours. */
function fakeTool(tool: 'kustomize' | 'helm', script: string) {
  const folder = mkdtempSync(join(scratch, 'bin-'));
  writeFileSync(join(folder, tool), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return createManifestTools({
    cache: join(scratch, 'none'),
    folders: [folder],
    timeoutMs: 120_000,
  });
}
const configMap = (data: string) =>
  `printf '%s\\n' 'apiVersion: v1' 'kind: ConfigMap' 'metadata: { name: told }' "data: { ${data} }"`;

describe('kustomize and helm', () => {
  it('are asked for by the files of a folder, which says how to get them when they are missing [A-DEP-05]', async () => {
    const tools = createManifestTools({ cache: join(scratch, 'none'), folders: [] });
    const renderAs = renderManifests(tools, heavy);
    const render = (input: Parameters<typeof renderAs>[0]) => renderAs(input, 'eve');
    await expect(render(renderInput(kustomized))).rejects.toMatchObject({
      code: 'validation_failed',
      message: expect.stringContaining('go install sigs.k8s.io/kustomize') as unknown,
    });
    await expect(render(renderInput(chart))).rejects.toMatchObject({
      code: 'validation_failed',
      message: expect.stringContaining('go install helm.sh/helm') as unknown,
    });
    expect(await render(renderInput({ 'a.yaml': deployment }))).toHaveLength(1);
  });

  it('are found as the newest version that Slipway was given [A-DEP-05]', async () => {
    for (const version of ['5.9.0', '5.10.0']) {
      mkdirSync(join(scratch, 'cache/kustomize', version), { recursive: true });
      writeFileSync(join(scratch, 'cache/kustomize', version, 'kustomize'), '', { mode: 0o755 });
    }
    expect(await findTool('kustomize', join(scratch, 'cache'), [])).toContain('5.10.0');
  });

  it('see their files, no file of the machine, no network and nothing of our environment', async () => {
    process.env['SLIPWAY_CANARY'] = 'canary';
    const script = [
      'files=$(ls base overlays | tr "\\n" " ")',
      'others=$(ls -A / | tr "\\n" " ")',
      'links=$(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " \\n")',
      'touch /work/x 2>/dev/null && written=yes || written=no',
      configMap(
        "files: '$files', others: '$others', links: '$links', written: '$written', canary: '$SLIPWAY_CANARY', args: '$*'",
      ),
    ].join('\n');
    const files = { ...kustomized, 'overlays/production/kustomization.yaml': '' };
    const root = Object.fromEntries(
      Object.entries(files).filter(([path]) => !path.startsWith('overlays/staging')),
    );
    const [told] = await renderManifests(fakeTool('kustomize', script), heavy)(
      renderInput(root),
      'eve',
    );
    delete process.env['SLIPWAY_CANARY'];
    const data = told?.['data'] as Record<string, string>;
    expect(data).toMatchObject({ links: 'lo', written: 'no', canary: '', args: 'build .' });
    expect(data['files']).toContain('deployment.yaml');
    for (const name of ['home', 'root', 'etc', 'var']) {
      expect(data['others']?.split(' ')).not.toContain(name);
    }
  }, 240_000);

  it('are ended when they hang or print without end, and told with file and line when they fail [A-DEP-05]', async () => {
    const endings: [string, string][] = [
      [
        'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done',
        'more than 8 MiB',
      ],
      ['echo "Error: /work/templates/a.yaml:7: odd" >&2; exit 1', 'templates/a.yaml:7: odd'],
    ];
    for (const [script, message] of endings) {
      await expect(
        renderManifests(fakeTool('helm', script), heavy)(renderInput(chart), 'eve'),
      ).rejects.toMatchObject({
        code: 'validation_failed',
        message: expect.stringContaining(message) as unknown,
      });
    }
    const folder = mkdtempSync(join(scratch, 'bin-'));
    writeFileSync(join(folder, 'helm'), '#!/bin/sh\nsleep 600\n', { mode: 0o755 });
    const hanging = createManifestTools({ cache: scratch, folders: [folder], timeoutMs: 300 });
    await expect(renderManifests(hanging, heavy)(renderInput(chart), 'eve')).rejects.toMatchObject({
      message: expect.stringContaining('took too long') as unknown,
    });
    const failing = fakeTool('helm', 'echo "x templates/a.yaml:7: odd" >&2; exit 1');
    await expect(renderManifests(failing, heavy)(renderInput(chart), 'eve')).rejects.toMatchObject({
      errors: [{ file: 'templates/a.yaml', line: 7 }],
    });
  }, 240_000);

  it('are run for one account at a time, and for a few in all: each may take memory by the gigabyte [A-DEP-05]', async () => {
    const script = `from=$(date +%s%N)\nsleep 0.2\n${configMap("from: '$from', to: '$(date +%s%N)'")}`;
    const render = renderManifests(fakeTool('kustomize', script), heavy);
    const spans = await Promise.all(
      ['eve', 'eve', 'eve', 'bob'].map(async (whose) => {
        const [told] = await render(renderInput(kustomized), whose);
        const { from, to } = told?.['data'] as { from: string; to: string };
        return { whose, from: BigInt(from), to: BigInt(to) };
      }),
    );
    const own = spans
      .filter(({ whose }) => whose === 'eve')
      .sort((a, b) => Number(a.from - b.from));
    for (const [at, { from }] of own.entries()) {
      if (at > 0) expect(from >= (own[at - 1]?.to ?? 0n)).toBe(true);
    }
  });

  it('are given every file as it is in git, and nothing where one of them was not read [A-DEP-06]', async () => {
    const script = `read=$(od -An -tx1 logo.png | tr -d " "); ${configMap("read: '$read'")}`;
    const render = renderManifests(fakeTool('helm', script), heavy);
    const binaries = new Map([['logo.png', new Uint8Array([0x89, 0, 0xff])]]);
    const [told] = await render(renderInput(chart, { binaries }), 'eve');
    expect(told?.['data']).toEqual({ read: '8900ff' });
    const unread = [{ path: 'charts/db', why: 'is a submodule', mayHoldManifests: false }];
    await expect(render(renderInput(chart, { unread }), 'eve')).rejects.toMatchObject({
      code: 'validation_failed',
      message: 'charts/db:1: it is a submodule',
    });
  }, 240_000);

  it('make objects that are checked like all others [A-DEP-05]', async () => {
    const script = "printf '%s\\n' 'apiVersion: v1' 'kind: Namespace' 'metadata: { name: x }'";
    await expect(
      renderManifests(fakeTool('kustomize', script), heavy)(renderInput(kustomized), 'eve'),
    ).rejects.toMatchObject({
      errors: [expect.objectContaining({ file: 'kustomize build', line: 2 })],
    });
  });
});

// With the real tools where they are installed; the test above holds for where they are not.
const cache = join(homedir(), '.cache/slipway');
for (const tool of ['kustomize', 'helm'] as const) {
  const isThere = await findTool(tool, cache).then(
    () => true,
    () => false,
  );
  if (!isThere) continue;
  describe(`the real ${tool}`, () => {
    const renderAs = renderManifests(createManifestTools(), heavy);
    const render = (input: Parameters<typeof renderAs>[0]) => renderAs(input, 'eve');
    it(
      tool === 'kustomize'
        ? 'builds the overlay of the environment, with the image where the manifest names it [A-DEP-05, A-DEP-13]'
        : 'fills a chart with the values of the environment, the override and the image [A-DEP-05, A-DEP-13]',
      async () => {
        if (tool === 'kustomize') {
          expect(await render(renderInput(kustomized))).toMatchObject([
            {
              kind: 'Deployment',
              metadata: { name: 'staging-web', namespace: 'shop' },
              spec: {
                replicas: 3,
                template: { spec: { containers: [{ image: 'registry.local/shop:1' }] } },
              },
            },
          ]);
          const broken = { ...kustomized, 'kustomization.yaml': 'resources: [none.yaml]\n' };
          const facts = { environment: 'production', project: 'p', changeId: null, commit: null };
          await expect(render(renderInput(broken, { facts }))).rejects.toMatchObject({
            code: 'validation_failed',
            message: expect.stringContaining('none.yaml') as unknown,
          });
        } else {
          const valuesOverride = { greeting: 'hi' };
          expect(await render(renderInput(chart, { valuesOverride }))).toMatchObject([
            {
              metadata: { name: 'shop-settings', namespace: 'shop' },
              data: { replicas: '2', greeting: 'hi', image: 'registry.local/shop:1' },
            },
          ]);
          const broken = { ...chart, 'templates/bad.yaml': '\n{{ nope }}' };
          await expect(render(renderInput(broken))).rejects.toMatchObject({
            errors: [expect.objectContaining({ line: 2 })],
          });
        }
      },
      240_000,
    );
  });
}
