import { build } from 'esbuild';

/**
 * One TypeScript program with all that it imports as a file that Node runs, wherever that lies: for processes of other
 * users, which cannot read this folder. Packages in CommonJS ask for Node's own modules by `require`.
 * @param entry absolute path
 * @param outfile absolute path, `.mjs`
 */
export async function bundleForNode(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: {
      js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);",
    },
    logLevel: 'silent',
  });
}
