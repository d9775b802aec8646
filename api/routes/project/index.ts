import type { DefinedRoute } from '../../define-route.ts';
import { createProjectRoute } from './create-project.ts';
import { deleteProjectRoute } from './delete-project.ts';
import { listProjectDelegationsRoute, revokeProjectDelegationRoute } from './delegations.ts';
import { getEgressAllowRoute, setEgressAllowRoute } from './egress-allow.ts';
import { getProjectRoute } from './get-project.ts';
import { listProjectsRoute } from './list-projects.ts';
import { addMemberRoute, listMembersRoute, removeMemberRoute } from './members.ts';
import { updateProjectRoute } from './update-project.ts';

export const projectRoutes: readonly DefinedRoute[] = [
  listProjectsRoute,
  createProjectRoute,
  getProjectRoute,
  updateProjectRoute,
  deleteProjectRoute,
  getEgressAllowRoute,
  setEgressAllowRoute,
  listMembersRoute,
  addMemberRoute,
  removeMemberRoute,
  listProjectDelegationsRoute,
  revokeProjectDelegationRoute,
];
