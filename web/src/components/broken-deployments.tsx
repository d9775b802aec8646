import type { JSX } from 'preact';
import type { Deployment } from '../api/types.ts';
import { shortImage } from '../lib/deployment-state.ts';
import { environmentWords } from './deployment-chips.tsx';
import { Status } from './status.tsx';
import { Time } from './time.tsx';

/** Environments whose last rollout failed, as lines of a list. */
export function BrokenDeployments({
  deployments,
}: {
  deployments: readonly Deployment[];
}): JSX.Element {
  return (
    <ul class="line-list">
      {deployments.map(({ id, project, environment, lastSync, statusMessage, liveRevision }) => (
        <li key={id} class="line-row">
          <Status state="failure" word="Deployment failed" compact />
          <div class="grow">
            <a class="line-title truncate" href={`/deployments/${id}`} data-item="">
              {project.owner}/{project.name} to {environmentWords[environment]}
            </a>
            <div class="line-meta">
              <span>{lastSync?.status === 'undone' ? 'failed and was undone' : 'failed'}</span>
              {liveRevision && (
                <span class="num">
                  serves {shortImage(liveRevision.imageRef)}, revision {liveRevision.number}
                </span>
              )}
              <span class="truncate">{lastSync?.reason ?? statusMessage}</span>
            </div>
          </div>
          {lastSync?.finishedAt && (
            <div class="line-end">
              <span class="meta">
                <Time at={lastSync.finishedAt} />
              </span>
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}
