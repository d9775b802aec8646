import type { Credits, Trailer } from '../../contracts/git/merge.ts';
import { readGit, requireSha, type GitContext } from './repository-context.ts';

const maxCreditBytes = 16 * 1024 * 1024;

/** No line of a message is a comment here: Markdown's headings begin with what git takes for one. */
const noComments: [string, string][] = [['core.commentChar', '\u0001']];

function parseTrailer(line: string): Trailer | null {
  const colon = line.indexOf(':');
  if (colon < 1) return null;
  return { key: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() };
}

const present = (trailer: Trailer | null): trailer is Trailer => trailer !== null;

/** Trailers of a message, as git reads them, folded lines as one. */
export async function readTrailers(
  context: GitContext,
  repoPath: string,
  message: string,
): Promise<Trailer[]> {
  const args = ['interpret-trailers', '--parse', '--no-divider'];
  const out = await readGit(context, repoPath, args, { input: message, config: noComments });
  return out.toString('utf8').split('\n').map(parseTrailer).filter(present);
}

/** The message with more trailers, in the block that it ends in or in one of its own. */
export async function addTrailers(
  context: GitContext,
  repoPath: string,
  message: string,
  trailers: readonly Trailer[],
): Promise<string> {
  if (trailers.length === 0) return message;
  const args = ['interpret-trailers', '--no-divider', '--where=end', '--if-exists=add'];
  const added = trailers.map(({ key, value }) => `--trailer=${key}: ${value}`);
  const out = await readGit(context, repoPath, [...args, ...added], {
    input: message.endsWith('\n') ? message : `${message}\n`,
    config: noComments,
  });
  return out.toString('utf8');
}

const creditFormat = '%an%n%ae%n%(trailers:key=Signed-off-by,key=Co-authored-by,unfold=true)';

export async function creditsBetween(
  context: GitContext,
  repoPath: string,
  { from, to }: { from: string; to: string },
): Promise<Credits> {
  const args = ['log', '-z', '--no-color', '--topo-order', '--reverse', `--format=${creditFormat}`];
  const range = ['--end-of-options', requireSha(to), `^${requireSha(from)}`, '--'];
  const out = await readGit(context, repoPath, [...args, ...range], { maxBytes: maxCreditBytes });
  const credits: Credits = { authors: [], trailers: [] };
  for (const record of out.toString('utf8').split('\0')) {
    if (record === '') continue;
    const [name = '', email = '', ...lines] = record.split('\n');
    credits.authors.push({ name, email });
    credits.trailers.push(...lines.map(parseTrailer).filter(present));
  }
  return credits;
}
