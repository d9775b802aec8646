import { hasMail } from '../../../contracts/notify/mailer.ts';
import { readPreferences, setPreferences } from '../../../domain/notify/preferences.ts';
import { defineRoute } from '../../define-route.ts';
import { preferencesBody, preferencesChange } from './notification-body.ts';

const answer = { content: { 'application/json': { schema: preferencesBody } } };

export const getPreferencesRoute = defineRoute({
  method: 'get',
  path: '/api/v1/notifications/preferences',
  tag: 'notifications',
  operationId: 'getNotificationPreferences',
  summary: 'What you are told of, and on which channel',
  access: { kind: 'account' },
  // A choice that was never made has no row: what is chosen belongs to the user.
  record: { table: 'users', id: (c) => c.get('caller').principal.userId },
  responses: { 200: { description: 'Every type on every channel', ...answer } },
  handler: async (c) => {
    const { db, config } = c.get('services');
    const preferences = await readPreferences(db, c.get('caller').principal);
    return c.json({ ...preferences, emailAvailable: hasMail(config.mail) }, 200);
  },
});

export const setPreferencesRoute = defineRoute({
  method: 'put',
  path: '/api/v1/notifications/preferences',
  tag: 'notifications',
  operationId: 'updateNotificationPreferences',
  summary: 'Choose what you are told of; what is not named stays as it is',
  access: { kind: 'account' },
  request: {
    body: { required: true, content: { 'application/json': { schema: preferencesChange } } },
  },
  responses: { 200: { description: 'All preferences, with the change', ...answer } },
  handler: async (c) => {
    const { db, config } = c.get('services');
    const preferences = await setPreferences(db, c.get('caller'), c.req.valid('json'));
    return c.json({ ...preferences, emailAvailable: hasMail(config.mail) }, 200);
  },
});
