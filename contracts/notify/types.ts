/** What a user may be told of. The last two are reserved for agents and alerts. */
export const notificationTypes = [
  'build_failed',
  'mr_created',
  'gate_waiting',
  'deployment_synced',
  'deployment_failed',
  'deployment_rolled_back',
  'deployment_needs_human',
  // of the account itself: somebody tries passwords under the name
  'sign_in_guessed',
  'agent_completed',
  'alert_firing',
] as const;
export type NotificationType = (typeof notificationTypes)[number];

/** Those that whoever may read deployments is told of, and may go on to read, also without `project:read`. */
export const notificationTypesOfDeployers: readonly NotificationType[] = [
  'gate_waiting',
  'deployment_synced',
  'deployment_failed',
  'deployment_rolled_back',
  'deployment_needs_human',
];

export const notificationChannels = ['in_app', 'email', 'webhook'] as const;
export type NotificationChannel = (typeof notificationChannels)[number];

export const notificationStatuses = ['pending', 'sent', 'read', 'failed'] as const;
export type NotificationStatus = (typeof notificationStatuses)[number];

/** What a notification leads to. */
export const notificationRefTypes = [
  'pipeline',
  'mr',
  'session',
  'alert',
  'gate',
  'deployment',
] as const;
export type NotificationRefType = (typeof notificationRefTypes)[number];

/** `failed → pending` is a person's "send it again"; what failed can be read all the same. */
export const notificationTransitions: Readonly<
  Record<NotificationStatus, readonly NotificationStatus[]>
> = {
  pending: ['sent', 'failed'],
  sent: ['read'],
  read: [],
  failed: ['pending', 'read'],
};

/** `own`: only what the user set off: a push, a run, a request. */
export const notificationWants = ['all', 'own', 'none'] as const;
export type NotificationWant = (typeof notificationWants)[number];

/** What holds while a user has chosen nothing: everything in the app, by mail what waits for this very person. */
export function defaultWant(
  type: NotificationType,
  channel: NotificationChannel,
): NotificationWant {
  if (channel === 'in_app') return 'all';
  if (channel === 'webhook') return 'none';
  if (type === 'gate_waiting' || type === 'deployment_needs_human') return 'all';
  return type === 'build_failed' ? 'own' : 'none';
}
