import type { JSX } from 'preact';
import type { RunDetail } from '../../api/types.ts';
import { environmentWords } from '../../components/deployment-chips.tsx';
import { Icon } from '../../components/icon.tsx';
import { Status } from '../../components/status.tsx';
import type { StateName } from '../../lib/state-name.ts';

type RunDeployment = RunDetail['deployments'][number];

const ends: Readonly<Record<RunDeployment['status'], { state: StateName; says: string }>> = {
  pending: { state: 'queued', says: 'has not begun' },
  running: { state: 'running', says: 'is under way' },
  waiting: { state: 'waiting', says: 'waits for an approval' },
  baking: { state: 'running', says: 'is watched before it counts as good' },
  undoing: { state: 'running', says: 'failed and is being undone' },
  succeeded: { state: 'success', says: 'succeeded' },
  superseded: { state: 'cancelled', says: 'was overtaken by something newer' },
  undone: { state: 'failure', says: 'failed and was undone' },
  rejected: { state: 'cancelled', says: 'was not let through' },
  needs_human: { state: 'failure', says: 'failed, its undo too: it needs a person' },
  refused: { state: 'failure', says: 'was refused' },
};

/** What became of the deployments that a run asked for; what failed stands first and loud. */
export function RunDeployments({ run }: { run: RunDetail }): JSX.Element | null {
  if (run.deployments.length === 0) return null;
  const failed = run.deployments.filter(({ status }) => ends[status].state === 'failure');
  const others = run.deployments.filter((one) => !failed.includes(one));
  return (
    <>
      {failed.map((one) => (
        <div key={one.deploymentId} class="problem" role="alert">
          <Icon name="failure" />
          <div class="grow">
            <strong>
              <Told deployment={one} />
            </strong>
            {one.reason && <p>{one.reason}</p>}
          </div>
        </div>
      ))}
      {others.length > 0 && (
        <ul class="line-list" aria-label="Deployments">
          {others.map((one) => (
            <li key={one.deploymentId} class="line-row">
              <Status state={ends[one.status].state} word={ends[one.status].says} compact />
              <Told deployment={one} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Told({ deployment }: { deployment: RunDeployment }): JSX.Element {
  const { deploymentId, environment, status } = deployment;
  return (
    <span>
      The deployment to <a href={`/deployments/${deploymentId}`}>{environmentWords[environment]}</a>{' '}
      {ends[status].says}
    </span>
  );
}
