import type { DefinedRoute } from '../../define-route.ts';
import { countUnreadRoute, listNotificationsRoute } from './list-notifications.ts';
import { markAllReadRoute, markReadRoute } from './mark-read.ts';
import { getPreferencesRoute, setPreferencesRoute } from './preferences.ts';

export const notifyRoutes: readonly DefinedRoute[] = [
  listNotificationsRoute,
  countUnreadRoute,
  getPreferencesRoute,
  setPreferencesRoute,
  markAllReadRoute,
  markReadRoute,
];
