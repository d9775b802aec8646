import type { JSX } from 'preact';
import type { RunDetail } from '../../api/types.ts';
import { environmentWords } from '../../components/deployment-chips.tsx';
import { Icon } from '../../components/icon.tsx';
import { Status } from '../../components/status.tsx';
import { type RunDeployment, runDeploymentEnds, splitFailed } from '../../lib/run-deployments.ts';

/** What became of the deployments that a run asked for; what failed stands first and loud. */
export function RunDeployments({ run }: { run: RunDetail }): JSX.Element | null {
  if (run.deployments.length === 0) return null;
  const { failed, others } = splitFailed(run.deployments);
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
              <Status
                state={runDeploymentEnds[one.status].state}
                word={runDeploymentEnds[one.status].says}
                compact
              />
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
      {runDeploymentEnds[status].says}
    </span>
  );
}
