/** `npm run openapi`: writes api/openapi.json and api/openapi.d.ts from the routes. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const bundle = path.join(root, 'dist', 'write-openapi.mjs');

await build({
  entryPoints: [path.join(root, 'api', 'write-openapi.ts')],
  outfile: bundle,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  logLevel: 'error',
});
try {
  const { writeOpenapi } = await import(pathToFileURL(bundle).href);
  await writeOpenapi(root);
} finally {
  await rm(bundle, { force: true });
}
