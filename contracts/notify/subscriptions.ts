/** A receiver of deliveries: a project's webhook by its id, a user's mail, a user's own webhook. */
export type Subscription = `whk_${string}` | `mail:${string}` | `hook:${string}`;

export const mailSubscription = (userId: string): Subscription => `mail:${userId}`;
export const hookSubscription = (userId: string): Subscription => `hook:${userId}`;

/** What a subscription says by itself. */
export function readSubscription(
  subscription: string,
): { kind: 'webhook'; webhookId: string } | { kind: 'mail' | 'hook'; userId: string } {
  const [head, userId] = subscription.split(':');
  if (userId === undefined) return { kind: 'webhook', webhookId: subscription };
  return { kind: head === 'mail' ? 'mail' : 'hook', userId };
}

/** One workflow per receiver keeps its messages in order. */
export const deliveryWorkflowId = (subscription: string): string => `delivery:${subscription}`;
