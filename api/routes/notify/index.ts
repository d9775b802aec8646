import type { DefinedRoute } from '../../define-route.ts';
import {
  listDeliveriesRoute,
  pingWebhookRoute,
  redeliverNotificationRoute,
  redeliverRoute,
} from './deliveries.ts';
import { countUnreadRoute, listNotificationsRoute } from './list-notifications.ts';
import { markAllReadRoute, markReadRoute } from './mark-read.ts';
import { getPreferencesRoute, setPreferencesRoute } from './preferences.ts';
import {
  createWebhookRoute,
  deleteWebhookRoute,
  getSigningSecretRoute,
  getWebhookRoute,
  listWebhooksRoute,
  updateWebhookRoute,
} from './webhooks.ts';

export const notifyRoutes: readonly DefinedRoute[] = [
  listNotificationsRoute,
  countUnreadRoute,
  getPreferencesRoute,
  setPreferencesRoute,
  markAllReadRoute,
  markReadRoute,
  redeliverNotificationRoute,
  listWebhooksRoute,
  createWebhookRoute,
  getWebhookRoute,
  updateWebhookRoute,
  deleteWebhookRoute,
  getSigningSecretRoute,
  pingWebhookRoute,
  listDeliveriesRoute,
  redeliverRoute,
];
