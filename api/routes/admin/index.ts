import { createBindingRoute } from './create-binding.ts';
import { createDelegationRoute } from './create-delegation.ts';
import { createRoleRoute } from './create-role.ts';
import { deleteBindingRoute } from './delete-binding.ts';
import { deleteRoleRoute } from './delete-role.ts';
import { getRoleRoute } from './get-role.ts';
import { listBindingsRoute } from './list-bindings.ts';
import { listDelegationsRoute } from './list-delegations.ts';
import { listPermissionsRoute } from './list-permissions.ts';
import { listRolesRoute } from './list-roles.ts';
import { revokeDelegationRoute } from './revoke-delegation.ts';
import { updateRoleRoute } from './update-role.ts';

export const adminRoutes = [
  listPermissionsRoute,
  listRolesRoute,
  createRoleRoute,
  getRoleRoute,
  updateRoleRoute,
  deleteRoleRoute,
  listBindingsRoute,
  createBindingRoute,
  deleteBindingRoute,
  listDelegationsRoute,
  createDelegationRoute,
  revokeDelegationRoute,
];
