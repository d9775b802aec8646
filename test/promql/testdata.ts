import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The version whose scripts ours is held against. */
export const prometheusVersion = 'v0.316.0';

/**
 * The scripts that Prometheus tests its own engine with, by file name: read where the Go client keeps modules, and fetched
 * by it where they are not there yet. Null where there is no Go.
 */
export async function readScripts(): Promise<Map<string, string> | null> {
  const folder = await mkdtemp(path.join(tmpdir(), 'slipway-promql-'));
  try {
    await writeFile(path.join(folder, 'go.mod'), 'module scripts\n');
    const module = `github.com/prometheus/prometheus@${prometheusVersion}`;
    const { stdout } = await run('go', ['mod', 'download', '-json', module], { cwd: folder });
    const { Dir } = JSON.parse(stdout) as { Dir: string };
    const testdata = path.join(Dir, 'promql', 'promqltest', 'testdata');
    const names = (await readdir(testdata)).filter((name) => name.endsWith('.test')).sort();
    const texts = await Promise.all(
      names.map((name) => readFile(path.join(testdata, name), 'utf8')),
    );
    return new Map(names.map((name, at) => [name, texts[at]!]));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
