import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';

interface Engine {
  diff(params: object): Promise<{ exitCode: number; stdout: string | null }>;
}

interface Glue {
  /** the engine is made by a static method that is called `new` */
  SchemaEngine: {
    'new'(options: object, log: (line: string) => void, adapter: object): Promise<Engine>;
  };
  __wbg_set_wasm(exports: Record<string, unknown>): void;
}

/** What is used of it; the compiler's ES2023 library does not know WebAssembly. */
interface WasmApi {
  instantiate(
    bytes: Uint8Array,
    imports: Record<string, unknown>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
}

/** The package's own entry imports a .wasm file, which Node 20 cannot: its glue is bound here by hand. */
async function loadGlue(): Promise<Glue> {
  const wasm = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly;
  const require = createRequire(import.meta.url);
  const glue = (await import('@prisma/schema-engine-wasm/schema_engine_bg')) as unknown as Glue;
  const entry = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bytes = readFileSync(join(entry, '../schema_engine_bg.wasm'));
  const { instance } = await wasm.instantiate(bytes, {
    './schema_engine_bg.js': glue,
  });
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();
  return glue;
}

/** All files of the Prisma schema, as the schema engine wants them. */
export function readSchemaFiles(folder: string): { path: string; content: string }[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.prisma'))
    .sort()
    .map((name) => ({ path: name, content: readFileSync(join(folder, name), 'utf8') }));
}

/** SQL that makes the schema of `folder` in an empty database. `url` may name any database; nothing is written. */
export async function sqlFromEmpty(folder: string, url: string): Promise<string> {
  const glue = await loadGlue();
  const files = readSchemaFiles(folder);
  const factory = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: url }));
  const engine = await glue.SchemaEngine.new(
    { datamodels: files.map(({ path, content }) => [path, content]) },
    () => undefined,
    factory,
  );
  const { stdout } = await engine.diff({
    from: { tag: 'empty' },
    to: { tag: 'schemaDatamodel', files },
    script: true,
    exitCode: null,
    filters: { externalTables: [], externalEnums: [] },
  });
  return stdout ?? '';
}
