import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ManifestTools, RenderedText, ToolRequest } from '../../contracts/deploy/render.ts';
import { DomainError } from '../../contracts/problems.ts';
import { plainWords } from '../../contracts/shared/foreign-words.ts';
import { inFolder } from '../files/folder.ts';
import { createLimiter } from '../git/limiter.ts';
import { chooseTool, type ChosenTool } from './choose-tool.ts';
import { findTool } from './find-tool.ts';
import { type BoxedResult, runBoxed } from './run-boxed.ts';

const valuesFile = '.slipway-values.json';
const TIMEOUT_MS = 30_000;
/** What a tool is given to read is a stranger's, and each may take as much memory as it is let. */
const turnsOfTools = {
  running: 3,
  waiting: 200,
  maxWaitMs: 60_000,
  shares: { account: 1 },
  next: 'fewest',
} as const;

/** Renders by `kustomize build` and `helm template`, each in a sandbox without network, from a folder made for it. */
export function createManifestTools({
  cache = join(homedir(), '.cache/slipway'),
  folders,
  temp = tmpdir(),
  timeoutMs = TIMEOUT_MS,
}: {
  /** where tools that Slipway was given lie, as <tool>/<version>/<tool> */
  cache?: string;
  /** folders to look into before; default: those of the system */
  folders?: readonly string[];
  /** where a folder is made for each rendering; made if missing */
  temp?: string;
  timeoutMs?: number;
} = {}): ManifestTools {
  const turns = createLimiter(turnsOfTools);
  return {
    async render(request, whose) {
      const chosen = chooseTool(request.files, request.environment);
      if (chosen === null) return null;
      refuseUnread(request);
      const program = await findTool(chosen.tool, cache, folders);
      const release = await turns.enter(undefined, { account: whose });
      try {
        return await renderIn(temp, request, { ...chosen, program, timeoutMs });
      } finally {
        release();
      }
    },
  };
}

/** In a folder of its own, which goes with the rendering. */
async function renderIn(
  temp: string,
  request: ToolRequest,
  { program, timeoutMs, ...chosen }: ChosenTool & { program: string; timeoutMs: number },
): Promise<RenderedText> {
  await mkdir(temp, { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(temp, 'slipway-render-'));
  try {
    await writeFiles(work, chosen, request);
    const args = argumentsOf(chosen, request);
    const result = await runBoxed({ program, args, work, folder: chosen.folder, timeoutMs });
    return answerOf(chosen, result);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** A tool may read any file, and leaves out in silence what is not there (a template of a chart, a subchart). */
function refuseUnread({ unread }: ToolRequest): void {
  const [first] = unread;
  if (first === undefined) return;
  const more = unread.length === 1 ? '' : ` (and ${String(unread.length - 1)} more)`;
  throw new DomainError('validation_failed', `${first.path}:1: it ${first.why}${more}`, {
    errors: unread.slice(0, 50).map(({ path, why }) => ({
      ...{ pointer: `${path}:1`, detail: `it ${why}`, file: path, line: 1 },
    })),
  });
}

async function writeFiles(
  work: string,
  { tool }: ChosenTool,
  { files, binaries, values }: ToolRequest,
): Promise<void> {
  await inFolder(work, async (folder) => {
    for (const [path, content] of [...files, ...binaries]) {
      if (path !== valuesFile) await folder.write(path, content);
    }
    if (tool === 'helm') await folder.write(valuesFile, JSON.stringify(await values()));
  });
}

function argumentsOf({ tool }: ChosenTool, { release, namespace }: ToolRequest): string[] {
  if (tool === 'kustomize') return ['build', '.'];
  return [
    ...['template', release, '.', '--namespace', namespace],
    ...['--values', valuesFile, '--include-crds', '--skip-tests'],
  ];
}

function answerOf({ tool, folder }: ChosenTool, result: BoxedResult): RenderedText {
  const name = tool === 'kustomize' ? 'kustomize build' : 'helm template';
  if (result.cut === null && result.code === 0) return { file: name, text: result.stdout };
  const said =
    result.cut === 'time'
      ? 'it took too long'
      : result.cut === 'output'
        ? 'it made more than 8 MiB'
        : plainWords(result.stderr).replaceAll('/work/', '').trim().slice(0, 2000) ||
          'it failed without a word';
  const place = /([\w./-]+\.(?:ya?ml|tpl)):(\d+)/.exec(said);
  const main =
    tool === 'kustomize' ? `${folder === '' ? '' : `${folder}/`}kustomization.yaml` : 'Chart.yaml';
  const file = place?.[1] ?? main;
  const line = Number(place?.[2] ?? 1);
  throw new DomainError('validation_failed', `${name}: ${said}`, {
    errors: [{ pointer: `${file}:${line}`, detail: said, file, line }],
  });
}
