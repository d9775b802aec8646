import { z } from '@hono/zod-openapi';
import { treeEntryKinds } from '../../../contracts/git/store.ts';
import type { FileView } from '../../../domain/git/read-repository.ts';
import { languageHint } from '../../../domain/git/language-hint.ts';

export const projectParams = z.object({ owner: z.string(), project: z.string() });

/** Reading a repository needs what reading the project needs. */
export const readAccess = {
  kind: 'permission',
  permission: 'project:read',
  project: 'path',
} as const;

const ref = z
  .string()
  .min(1)
  .max(512)
  .openapi({ description: 'Branch, tag or commit id; the default branch when left out' });
const path = z
  .string()
  .max(8192)
  .openapi({ description: 'Path below the root, without a slash in front' });

/** `ref` and `path` are query parameters, because both may hold slashes. */
export const readmeQuery = z.strictObject({ ref: ref.optional(), path: path.default('') });
export const requiredRef = ref;
export const filePathQuery = z.strictObject({ ref: ref.optional(), path: path.min(1) });

export function pageQuery(defaultLimit: number, maxLimit: number) {
  return z.strictObject({
    ref: ref.optional(),
    path: path.default(''),
    cursor: z.string().max(200).optional(),
    limit: z.coerce.number().int().min(1).max(maxLimit).default(defaultLimit),
  });
}

const person = z.object({ name: z.string(), email: z.string(), at: z.string() });

export const commitBody = z
  .object({
    sha: z.string(),
    parents: z.array(z.string()),
    author: person,
    committer: person,
    subject: z.string(),
    body: z.string(),
  })
  .openapi('Commit');

export const diffBody = z
  .object({
    files: z.array(
      z.object({
        path: z.string(),
        oldPath: z.string().nullable(),
        additions: z.int().nullable(),
        deletions: z.int().nullable(),
        tooLarge: z.boolean().optional(),
      }),
    ),
    patch: z.string(),
    truncated: z.boolean(),
  })
  .openapi('Diff');

export const entryBody = z
  .object({
    name: z.string(),
    path: z.string(),
    kind: z.enum(treeEntryKinds),
    mode: z.string(),
    sha: z.string(),
    size: z.int().nullable(),
  })
  .openapi('TreeEntry');

export const fileBody = entryBody
  .extend({
    ref: z.string(),
    commit: z.string(),
    binary: z.boolean(),
    tooLarge: z.boolean(),
    text: z.string().nullable(),
    lossy: z.boolean(),
    language: z.string().nullable(),
  })
  .openapi('File');

export function toFileBody(view: FileView): z.output<typeof fileBody> {
  return { ...view, language: view.kind === 'file' ? languageHint(view.name) : null };
}

/** One 200 answer of JSON. */
export function jsonResponse<T extends z.ZodType>(description: string, schema: T) {
  return { 200: { description, content: { 'application/json': { schema } } } };
}

/**
 * One 200 answer of bytes. The document names the media type that every generator of clients knows as bytes; which it is
 * says the header of the answer.
 */
export function bytesResponse(description: string) {
  const schema = z.string().openapi({ format: 'binary' });
  return { 200: { description, content: { 'application/octet-stream': { schema } } } };
}
