import type { DeployRecords } from '../../contracts/deploy/activities.ts';
import type { DesiredState, SyncPlan } from '../../contracts/deploy/types.ts';
import { isLostThrice, lostThrice } from '../losses.ts';
import type { SyncEffects } from './effects.ts';

/** Ends the trying between two losses. */
class NoLongerWanted extends Error {}

/** A plan that no worker lives to finish is refused; unless meanwhile something newer is desired, or that it goes. */
export async function planOrRefuse(
  deps: {
    signals: { readonly wakes: number };
    records: DeployRecords;
    effects: Pick<SyncEffects, 'planSync'>;
    deploymentId: string;
  },
  { generation }: DesiredState,
  seenWakes: number,
): Promise<SyncPlan | 'superseded'> {
  const { signals, records, effects, deploymentId } = deps;
  let seen = seenWakes;
  const stillWanted = async () => {
    if (signals.wakes === seen) return;
    seen = signals.wakes;
    const now = await records.readDesired({ deploymentId });
    const isWanted = now !== null && !now.isDeleting && now.generation === generation;
    if (!isWanted) throw new NoLongerWanted();
  };
  try {
    const plan = () => effects.planSync({ deploymentId, generation });
    return await lostThrice('the rollout was planned', plan, { beforeAgain: stillWanted });
  } catch (error) {
    if (error instanceof NoLongerWanted) return 'superseded';
    if (!isLostThrice(error)) throw error;
    const reason = error.message;
    await records.refuseDesired({ deploymentId, generation, reason });
    return { kind: 'nothing', reason };
  }
}
