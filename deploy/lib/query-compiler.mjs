import { readFile } from 'node:fs/promises';

const packaged = /query_compiler_\w+\.postgresql\.wasm-base64\.m?js$/;
const name = 'query-compiler';

/**
 * Prisma brings its compiler of queries as a module of 4.6 MB of base64, which a process then holds twice for as long as
 * it lives: as source and as text. Here it becomes a file beside the bundle, read when the compiler is made and let go.
 * @type {import('esbuild').Plugin}
 */
export const queryCompiler = {
  name,
  setup(build) {
    build.onResolve({ filter: packaged }, (args) => ({ path: args.path, namespace: name }));
    build.onResolve({ filter: /^query-compiler\.wasm$/, namespace: name }, (args) => ({
      path: args.path,
      namespace: name,
      pluginData: args.pluginData,
    }));
    build.onLoad({ filter: packaged, namespace: name }, ({ path }) => ({
      // whoever asks gives it to Buffer.from, which asks for the value
      contents: `import { readFileSync } from 'node:fs';
        import file from 'query-compiler.wasm';
        export const wasm = { valueOf: () => readFileSync(new URL(file, import.meta.url)) };`,
      pluginData: path,
    }));
    build.onLoad({ filter: /\.wasm$/, namespace: name }, async ({ pluginData }) => ({
      contents: await wasmOf(pluginData),
      loader: 'file',
    }));
  },
};

/** @param {string} specifier of the module that holds it as base64 */
async function wasmOf(specifier) {
  const text = await readFile(new URL(import.meta.resolve(specifier)), 'utf8');
  const base64 = /"([A-Za-z0-9+/=]{1000,})"/.exec(text)?.[1];
  if (base64 === undefined) throw new Error(`${specifier} holds no WebAssembly as base64`);
  return Buffer.from(base64, 'base64');
}
