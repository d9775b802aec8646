import type { JSX } from 'preact';
import { listProjectDeployments } from '../../api/deployments.ts';
import { useLoad } from '../../app/load.ts';
import {
  DeploymentChips,
  DeploymentStatus,
  environmentWords,
  Version,
} from '../../components/deployment-chips.tsx';
import { Show } from '../../components/feedback.tsx';
import { Time } from '../../components/time.tsx';
import { DeployExample } from '../deploy/deploy-example.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';

/** Environments of one project. */
export function ProjectDeployments({ at }: ProjectPageProps): JSX.Element {
  const list = useLoad(`deployments/of/${at.owner}/${at.project}`, (signal) =>
    listProjectDeployments(at, signal),
  );
  return (
    <Show loaded={list} rows={3} what="Deployments">
      {({ items }) =>
        items.length === 0 ? (
          <DeployExample where="No environment of this project." />
        ) : (
          <ul class="line-list">
            {items.map((deployment) => (
              <li key={deployment.id} class="line-row">
                <div class="grow">
                  <a class="line-title" href={`/deployments/${deployment.id}`} data-item="">
                    {environmentWords[deployment.environment]}
                  </a>
                  <div class="line-meta">
                    <Version deployment={deployment} />
                    <DeploymentChips deployment={deployment} />
                  </div>
                </div>
                <div class="line-end">
                  <DeploymentStatus deployment={deployment} />
                  {deployment.deployedAt && (
                    <span class="meta">
                      <Time at={deployment.deployedAt} />
                    </span>
                  )}
                </div>
              </li>
            ))}
          </ul>
        )
      }
    </Show>
  );
}
