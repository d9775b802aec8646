import { tagsOf } from '../../etag.ts';
import { z } from '@hono/zod-openapi';
import { mergeStyles } from '../../../contracts/review/types.ts';
import { projectVersion, projectVisibilities } from '../../../domain/project/project-record.ts';
import type { ProjectRecord } from '../../../domain/project/project-record.ts';

/** A project as everybody sees it who may see it. It holds no secret: there is no column for one. */
export const projectBody = z
  .object({
    id: z.string(),
    owner: z.object({ id: z.string(), name: z.string(), displayName: z.string().nullable() }),
    name: z.string(),
    fullName: z.string(),
    displayName: z.string().nullable(),
    description: z.string().nullable(),
    visibility: z.enum(projectVisibilities),
    defaultBranch: z.string(),
    repoPath: z.string().nullable(),
    isActive: z.boolean(),
    gitUrl: z.string().nullable(),
    localPath: z.string().nullable(),
    baseBranch: z.string(),
    ciProvider: z.string().nullable(),
    projectClassification: z.string().nullable(),
    mergeStyles: z.array(z.enum(mergeStyles)),
    defaultMergeStyle: z.enum(mergeStyles),
    createdAt: z.string(),
    updatedAt: z.string(),
    cloneUrl: z.string(),
  })
  .openapi('Project');

const words = (max: number) => z.string().max(max).nullable().optional();
const branch = z.string().min(1).max(255).optional();

const settings = {
  displayName: words(200),
  description: words(5000),
  visibility: z.enum(projectVisibilities).optional(),
  defaultBranch: branch,
  gitUrl: words(2000),
  localPath: words(2000),
  baseBranch: branch,
  ciProvider: words(100),
  projectClassification: words(100),
};

export const createProjectBody = z.strictObject({ name: z.string().min(1).max(200), ...settings });
export const updateProjectBody = z.strictObject({
  ...settings,
  isActive: z.boolean().optional(),
  mergeStyles: z
    .array(z.enum(mergeStyles))
    .min(1)
    .max(mergeStyles.length)
    .optional()
    .describe('How merge requests may be merged'),
  defaultMergeStyle: z.enum(mergeStyles).optional(),
});
export const projectParams = z.object({ owner: z.string(), project: z.string() });
export const projectPath = '/api/v1/projects/{owner}/{project}';

export function toProjectBody(
  record: ProjectRecord,
  publicUrl: string,
): z.output<typeof projectBody> {
  return { ...record, cloneUrl: `${publicUrl}/${record.fullName}.git` };
}

/** ETag of a project. */
export function etagOf(record: ProjectRecord): string {
  return `"${projectVersion(record)}"`;
}

/** Version in an If-Match header; null when there is none or it takes any. */
export function versionOfIfMatch(header: string | undefined): string | null {
  if (header === undefined || header.trim() === '*') return null;
  return (tagsOf(header)[0] ?? '').replace(/^"|"$/gu, '');
}
