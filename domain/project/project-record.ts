import { mergeStyles, type MergeStyle } from '../../contracts/review/types.ts';
import type { ProjectWithOwner } from './find-project.ts';

/** A project as the API shows it. Built field by field, so that a new column is never shown by accident. */
export interface ProjectRecord {
  id: string;
  owner: { id: string; name: string; displayName: string | null };
  name: string;
  fullName: string;
  displayName: string | null;
  description: string | null;
  visibility: ProjectVisibility;
  defaultBranch: string;
  repoPath: string | null;
  isActive: boolean;
  gitUrl: string | null;
  localPath: string | null;
  baseBranch: string;
  ciProvider: string | null;
  projectClassification: string | null;
  /** how merge requests may be merged */
  mergeStyles: MergeStyle[];
  defaultMergeStyle: MergeStyle;
  createdAt: string;
  updatedAt: string;
}

export const projectVisibilities = ['private', 'internal', 'public'] as const;
export type ProjectVisibility = (typeof projectVisibilities)[number];

function visibilityOf(value: string): ProjectVisibility {
  return projectVisibilities.find((known) => known === value) ?? 'private';
}

export function toProjectRecord(project: ProjectWithOwner): ProjectRecord {
  const { owner } = project;
  return {
    id: project.id,
    owner: { id: owner.id, name: owner.name, displayName: owner.displayName },
    name: project.name,
    fullName: `${owner.name}/${project.name}`,
    displayName: project.displayName,
    description: project.description,
    visibility: visibilityOf(project.visibility),
    defaultBranch: project.defaultBranch,
    repoPath: project.repoPath,
    isActive: project.isActive,
    gitUrl: project.gitUrl,
    localPath: project.localPath,
    baseBranch: project.baseBranch,
    ciProvider: project.ciProvider,
    projectClassification: project.projectClassification,
    mergeStyles: mergeStyles.filter((style) => project.mergeStyles.includes(style)),
    defaultMergeStyle: mergeStyles.find((style) => style === project.defaultMergeStyle) ?? 'merge',
    createdAt: project.createdAt.toISOString(),
    updatedAt: project.updatedAt.toISOString(),
  };
}

/** Changes whenever the project does; the ETag of its page. */
export function projectVersion(record: Pick<ProjectRecord, 'id' | 'updatedAt'>): string {
  return `${record.id}-${String(Date.parse(record.updatedAt))}`;
}
