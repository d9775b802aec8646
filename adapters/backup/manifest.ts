import { z } from 'zod';

const sum = z.string().regex(/^[0-9a-f]{64}$/u);

/** A file of a backup; `key` is that of an object of the object store. */
export const fileSchema = z.object({
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: sum,
  key: z.string().optional(),
});
export type BackedUpFile = z.output<typeof fileSchema>;

const tableSchema = z.object({
  name: z.string(),
  columns: z.array(z.string()),
  rows: z.number().int().nonnegative(),
  path: z.string(),
});
export type BackedUpTable = z.output<typeof tableSchema>;

/** `backup.json`: written last, so a folder without it is no backup. */
export const manifestSchema = z.object({
  format: z.literal(1),
  createdAt: z.iso.datetime(),
  migrations: z.array(z.string()),
  tables: z.array(tableSchema),
  /** last values; null for one that was never asked */
  sequences: z.record(z.string(), z.string().nullable()),
  repositories: z.array(z.string()),
  objects: z.number().int().nonnegative(),
  /** whether the master key lies in it */
  masterKey: z.boolean(),
  /** of `files.ndjson`, which names every other file */
  filesSha256: sum,
});
export type Manifest = z.output<typeof manifestSchema>;
