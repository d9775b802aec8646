import { defineSignal } from '@temporalio/workflow';

export interface DeliveryInput {
  /** see subscriptions.ts */
  subscription: string;
}

/** Something is there to send, or to send again. */
export const wakeDeliverySignal = defineSignal('wakeDelivery');

/** Effects of a delivery workflow. Both can be repeated: a delivery that is sent twice carries the same id. */
export interface DeliveryActivities {
  /** The oldest delivery that is still to be sent, and how long to wait before its next try; null when there is none. */
  nextDelivery(input: DeliveryInput): Promise<{ deliveryId: string; waitMs: number } | null>;
  /** One try, with its record: sent, to be tried again, or given up. */
  sendDelivery(input: { deliveryId: string }): Promise<void>;
  /** Ends one that cannot even be tried, with its reason; people may send it again. */
  giveUpDelivery(input: { deliveryId: string; reason: string }): Promise<void>;
}
