import type { JSX } from 'preact';
import { listSyncs } from '../../api/deployments.ts';
import { listGates } from '../../api/resources.ts';
import type { Deployment, Sync } from '../../api/types.ts';
import { useLoad } from '../../app/load.ts';
import { projectPath } from '../../app/location.ts';
import { ChangeLink } from '../../components/change-link.tsx';
import { DeploymentChips } from '../../components/deployment-chips.tsx';
import { Empty, Show } from '../../components/feedback.tsx';
import { Section } from '../../components/page.tsx';
import { Time } from '../../components/time.tsx';
import { shortImage } from '../../lib/deployment-state.ts';
import { shortSha } from '../../lib/time.ts';
import { Banners } from './banners.tsx';
import type { DeploymentPageProps } from './deployment-page-props.ts';
import { DriftList } from './drift-list.tsx';
import { Rollout } from './rollout.tsx';

/** What is being rolled out or was last, what waits, what has drifted. */
export function Overview({ deployment, may }: DeploymentPageProps): JSX.Element {
  const { id } = deployment;
  const syncs = useLoad(`deployments/${id}/syncs`, (signal) => listSyncs(id, signal));
  const gates = useLoad('gates/open', () => listGates());
  const newest = syncs.data?.items[0];
  const gate = gates.data?.items.find((each) => each.subjectId === newest?.id);
  return (
    <div class="columns">
      <div class="stack">
        <Banners deployment={deployment} sync={newest} gate={gate} may={may} />
        <Show loaded={syncs} rows={5} what="Rollouts">
          {({ items }) => <Rollouts syncs={items} deployment={deployment} />}
        </Show>
        <DriftList deployment={deployment} />
      </div>
      <Facts deployment={deployment} />
    </div>
  );
}

function Rollouts({
  syncs,
  deployment,
}: {
  syncs: readonly Sync[];
  deployment: Deployment;
}): JSX.Element {
  const [newest, ...earlier] = syncs;
  if (!newest)
    return (
      <Empty icon="deploy" title="Nothing was rolled out yet">
        {deployment.statusMessage ??
          'The deployer renders the manifests and begins with the first wave by itself.'}
      </Empty>
    );
  const before = earlier.slice(0, 4);
  return (
    <>
      <Rollout key={newest.id} sync={newest} deployment={deployment} open />
      {before.length > 0 && (
        <Section
          title="Before that"
          aside={<a href={`/deployments/${deployment.id}/history`}>All of its history</a>}
        >
          <div class="stack tight">
            {before.map((sync) => (
              <Rollout key={sync.id} sync={sync} deployment={deployment} />
            ))}
          </div>
        </Section>
      )}
    </>
  );
}

function Facts({ deployment }: { deployment: Deployment }): JSX.Element {
  const { project, opsRepo, manifestPath, commitSha, pipelineId, changeId } = deployment;
  const facts: [string, JSX.Element | string | null][] = [
    ['Target', deployment.target],
    ['Namespace', <code key="ns">{deployment.namespace}</code>],
    [
      'Desired',
      <code key="image" title={deployment.imageRef}>
        {shortImage(deployment.imageRef)}
      </code>,
    ],
    [
      'Commit',
      commitSha && (
        <a href={projectPath(project.owner, project.name, `/commits/${commitSha}`)}>
          <code>{shortSha(commitSha)}</code>
        </a>
      ),
    ],
    ['Pipeline', pipelineId && <a href={`/pipelines/${pipelineId}`}>the run that built it</a>],
    ['Change', changeId && <ChangeLink id={changeId} />],
    ['Manifests', `${opsRepo?.name ?? `${project.owner}/${project.name}`}:${manifestPath ?? '/'}`],
    [
      'Replicas',
      deployment.replicas === null ? 'as the manifests say' : String(deployment.replicas),
    ],
    [
      'Generation',
      deployment.observedGeneration === deployment.generation
        ? String(deployment.generation)
        : `${deployment.observedGeneration} of ${deployment.generation}`,
    ],
    ['Looked at', deployment.observedAt && <Time key="at" at={deployment.observedAt} />],
  ];
  return (
    <aside aria-label="Facts">
      <Section title="Desired state">
        <div class="stack tight">
          <DeploymentChips deployment={deployment} />
          <dl class="facts">
            {facts
              .filter(([, value]) => value !== null)
              .map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
          </dl>
        </div>
      </Section>
    </aside>
  );
}
