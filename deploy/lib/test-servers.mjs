import { inRoot, root } from './paths.mjs';

const names = Array.from({ length: 12 }, (_, index) => `slipway-test-${index + 1}`);
const source = `
  export { makeRunFolder } from './test/support/run-folder.ts';
  export { startPostgres } from './test/support/postgres-server.ts';
  export { startTemporal } from './test/support/temporal-server.ts';
`;

/**
 * One Postgres and one Temporal for many runs of jest; test/support/global-setup.ts takes them by these variables.
 * @returns {Promise<{ env: Record<string, string>, stop(): Promise<void> }>}
 */
export async function startTestServers() {
  const { build } = await import('esbuild');
  // as deep below the root as the sources: paths relative to the file stay right
  const outfile = inRoot('dist', 'mutants', 'servers.mjs');
  await build({
    stdin: { contents: source, resolveDir: root, sourcefile: 'servers.ts' },
    ...{ outfile, bundle: true, packages: 'external' },
    ...{ platform: 'node', format: 'esm', target: 'node20', logLevel: 'silent' },
  });
  const { makeRunFolder, startPostgres, startTemporal } = await import(outfile);
  const folder = makeRunFolder();
  const postgres = await startPostgres(folder);
  const temporal = await startTemporal(folder, { namespaces: names });
  return {
    env: { SLIPWAY_TEST_DATABASE_URL: postgres.url, SLIPWAY_TEST_TEMPORAL: temporal.address },
    stop: async () => {
      await temporal.stop();
      await postgres.stop();
    },
  };
}
