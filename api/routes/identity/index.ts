import { changePasswordRoute } from './change-password.ts';
import { createTokenRoute } from './create-token.ts';
import { createUserRoute } from './create-user.ts';
import { deleteUserRoute } from './delete-user.ts';
import { endSessionRoute } from './end-session.ts';
import { getMeRoute } from './get-me.ts';
import { getUserRoute } from './get-user.ts';
import { listSessionsRoute } from './list-sessions.ts';
import { listTokensRoute } from './list-tokens.ts';
import { listUsersRoute } from './list-users.ts';
import { loginRoute } from './login.ts';
import { logoutRoute } from './logout.ts';
import { revokeTokenRoute } from './revoke-token.ts';
import { updateUserRoute } from './update-user.ts';

export const identityRoutes = [
  loginRoute,
  logoutRoute,
  getMeRoute,
  changePasswordRoute,
  listSessionsRoute,
  endSessionRoute,
  listUsersRoute,
  createUserRoute,
  getUserRoute,
  updateUserRoute,
  deleteUserRoute,
  listTokensRoute,
  createTokenRoute,
  revokeTokenRoute,
];
