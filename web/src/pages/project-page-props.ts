import type { ProjectRef } from '../api/resources.ts';
import type { Project } from '../api/types.ts';

/** What each page of a project gets. */
export interface ProjectPageProps {
  project: Project;
  at: ProjectRef;
  /** permissions on this project */
  may: (permission: string) => boolean;
  /** last part of the address: the commit */
  item: string | undefined;
}
