import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '../..');

/** The product's own codec, from its source: plain Node cannot import TypeScript. */
async function loadCodec(home) {
  const { build } = await import('esbuild');
  const contents = `
    export { createPayloadCodec } from './adapters/temporal/payload-codec.ts';
    export { loadMasterKey } from './adapters/secret-box/master-key.ts';
    export { createSecretBox } from './adapters/secret-box/secret-box.ts';`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
  });
  const folder = join(root, 'node_modules/.cache');
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'slipway-codec.mjs');
  await writeFile(file, outputFiles[0].contents);
  const { createPayloadCodec, loadMasterKey, createSecretBox } = await import(
    pathToFileURL(file).href
  );
  const configured = process.env.SLIPWAY_MASTER_KEY ?? null;
  const key = await loadMasterKey({ configured, home, hasSecrets: async () => true });
  if (key.kind === 'missing') throw new Error(key.reason);
  return createPayloadCodec(createSecretBox(key), { plain: 'kept' });
}

function isPayload(value) {
  return value?.metadata?.encoding instanceof Uint8Array;
}

/**
 * Opens every sealed payload of a history, in place.
 *
 * @param {object} history as the client fetched it
 * @param {string} home data folder of the Slipway that ran it, where its master key lies
 */
export async function decodeHistory(history, home) {
  const codec = await loadCodec(home);
  const walk = async (value) => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
    for (const [name, child] of Object.entries(value)) {
      if (isPayload(child)) [value[name]] = await codec.decode([child]);
      else await walk(child);
    }
  };
  await walk(history);
}
