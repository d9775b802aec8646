import type { JSX } from 'preact';
import { listDeployments } from '../../api/deployments.ts';
import type { Deployment } from '../../api/types.ts';
import { useLoad } from '../../app/load.ts';
import { useQuery } from '../../app/location.ts';
import { can } from '../../app/session.ts';
import { ButtonLink } from '../../components/button.tsx';
import { Empty, Show } from '../../components/feedback.tsx';
import { Choice, Filter } from '../../components/field.tsx';
import { PageHead } from '../../components/page.tsx';
import { isBroken, isRolling, wantsAttention } from '../../lib/deployment-state.ts';
import { oneOf } from '../../lib/one-of.ts';
import { DeployExample } from './deploy-example.tsx';
import { Matrix } from './matrix.tsx';

/** What serves is healthy, and nothing failed since. */
const isWell = (deployment: Deployment): boolean =>
  deployment.currentStatus === 'healthy' && !isBroken(deployment);

const filters: Readonly<Record<string, (deployment: Deployment) => boolean>> = {
  attention: wantsAttention,
  rolling: isRolling,
  healthy: isWell,
  drift: (deployment) => deployment.drift.length > 0,
  paused: (deployment) => deployment.isPaused,
  quarantined: (deployment) => deployment.lastSync?.revision.status === 'bad',
};

const choices = [
  ['', 'Any state'],
  ['attention', 'Wants attention'],
  ['rolling', 'Rolling out'],
  ['healthy', 'Healthy'],
  ['drift', 'Drifted'],
  ['paused', 'Paused'],
  ['quarantined', 'Quarantined'],
] as const;

const environments = ['staging', 'production'] as const;

/** What runs where: every environment of every project that one may see. */
export function Deployments(): JSX.Element {
  const { query, setQuery } = useQuery();
  const list = useLoad('deployments/all', (signal) => listDeployments(signal));
  const state = query['state'] ?? '';
  const environment = oneOf(environments, query['environment']);
  const text = (query['q'] ?? '').toLowerCase();
  const matches = (deployment: Deployment): boolean =>
    (environment === undefined || deployment.environment === environment) &&
    (filters[state]?.(deployment) ?? true) &&
    `${deployment.project.owner}/${deployment.project.name} ${deployment.imageRef} ${deployment.commitSha ?? ''}`
      .toLowerCase()
      .includes(text);
  return (
    <>
      <PageHead
        title="Deployments"
        documentTitle="Deployments"
        state={<Summary deployments={list.data?.items} />}
        actions={
          can('deploy:read') && (
            <ButtonLink href="/deployments/ops-repos" icon="branch">
              Ops repositories
            </ButtonLink>
          )
        }
      />
      <Show loaded={list} rows={6} what="Deployments">
        {({ items }) =>
          items.length === 0 ? (
            <DeployExample where="No environment of a project that you may see." />
          ) : (
            <>
              <div class="toolbar">
                <Filter
                  label="Filter by project, image or commit"
                  value={query['q'] ?? ''}
                  onValue={(q) => {
                    setQuery({ q });
                  }}
                />
                <Choice
                  label="Environment"
                  value={environment ?? ''}
                  options={[
                    ['', 'All environments'],
                    ['staging', 'Staging'],
                    ['production', 'Production'],
                  ]}
                  onValue={(value) => {
                    setQuery({ environment: value });
                  }}
                />
                <Choice
                  label="State"
                  value={state}
                  options={choices}
                  onValue={(value) => {
                    setQuery({ state: value });
                  }}
                />
              </div>
              {items.some(matches) ? (
                <Matrix deployments={items.filter(matches)} />
              ) : (
                <Empty icon="deploy" title="Nothing matches">
                  No environment is like this filter. Take something away from it.
                </Empty>
              )}
            </>
          )
        }
      </Show>
    </>
  );
}

function Summary({ deployments }: { deployments: readonly Deployment[] | undefined }): JSX.Element {
  if (!deployments || deployments.length === 0) return <>What runs where, and how it is.</>;
  const count = (filter: (deployment: Deployment) => boolean): number =>
    deployments.filter(filter).length;
  const parts = [
    `${deployments.length} ${deployments.length === 1 ? 'environment' : 'environments'}`,
    `${count(isWell)} healthy`,
    `${count(isRolling)} rolling out`,
    `${count(wantsAttention)} want attention`,
  ];
  return <span class="num">{parts.join(' · ')}</span>;
}
