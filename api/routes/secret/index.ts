import type { DefinedRoute } from '../../define-route.ts';
import { createGlobalSecretRoute, createSecretRoute } from './create-secret.ts';
import { deleteGlobalSecretRoute, deleteSecretRoute } from './delete-secret.ts';
import { getGlobalSecretRoute, getSecretRoute } from './get-secret.ts';
import { listGlobalSecretsRoute, listSecretsRoute } from './list-secrets.ts';
import { setGlobalSecretRoute, setSecretRoute } from './set-secret.ts';

export const secretRoutes: readonly DefinedRoute[] = [
  createSecretRoute,
  createGlobalSecretRoute,
  deleteSecretRoute,
  deleteGlobalSecretRoute,
  getSecretRoute,
  getGlobalSecretRoute,
  listSecretsRoute,
  listGlobalSecretsRoute,
  setSecretRoute,
  setGlobalSecretRoute,
];
