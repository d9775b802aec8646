/** Compressed twins of the web application's files, which the API serves in their place (api/pages/serve-web.ts). */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const asBrotli = promisify(brotliCompress);
const asGzip = promisify(gzip);

/** Pictures and fonts are compressed already. */
const texts = /\.(css|html|js|json|mjs|svg|txt|webmanifest)$/;
/** Below this a packet is one packet either way. */
const worthwhileBytes = 1400;

/**
 * Writes `file.br` and `file.gz` beside each text below `folder` that gets smaller by it.
 * @param {string} folder
 */
export async function compressFolder(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || !texts.test(entry.name)) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const bytes = await readFile(path);
    if (bytes.length < worthwhileBytes) continue;
    const brotli = await asBrotli(bytes, {
      params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });
    const zipped = await asGzip(bytes, { level: constants.Z_BEST_COMPRESSION });
    if (brotli.length < bytes.length) await writeFile(`${path}.br`, brotli);
    if (zipped.length < bytes.length) await writeFile(`${path}.gz`, zipped);
  }
}
