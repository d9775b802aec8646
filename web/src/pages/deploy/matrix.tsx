import type { JSX } from 'preact';
import type { Deployment, Environment } from '../../api/types.ts';
import { projectPath } from '../../app/location.ts';
import {
  DeploymentChips,
  DeploymentStatus,
  environmentWords,
  Version,
} from '../../components/deployment-chips.tsx';
import { Icon } from '../../components/icon.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';

interface Row {
  key: string;
  owner: string;
  name: string;
  cells: Partial<Record<Environment, Deployment>>;
}

const order = ['staging', 'production'] as const;

/** Deployments as rows of projects, in the order of their names. */
function rowsOf(deployments: readonly Deployment[]): Row[] {
  const rows = new Map<string, Row>();
  for (const deployment of deployments) {
    const { id, owner, name } = deployment.project;
    const row = rows.get(id) ?? { key: id, owner, name, cells: {} };
    row.cells[deployment.environment] = deployment;
    rows.set(id, row);
  }
  return [...rows.values()].sort((a, b) =>
    `${a.owner}/${a.name}`.localeCompare(`${b.owner}/${b.name}`),
  );
}

/** Projects against environments: what runs where, and how it is. */
export function Matrix({ deployments }: { deployments: readonly Deployment[] }): JSX.Element {
  const shown = order.filter((environment) =>
    deployments.some((deployment) => deployment.environment === environment),
  );
  const columns: Column<Row>[] = [
    {
      title: 'Project',
      role: 'main',
      width: '24%',
      cell: (row) => (
        <a class="plain strong row" href={projectPath(row.owner, row.name, '/deployments')}>
          <Icon name="project" class="muted" />
          <span class="truncate">
            {row.owner}/{row.name}
          </span>
        </a>
      ),
    },
    ...shown.map((environment): Column<Row> => ({
      title: environmentWords[environment],
      width: `${76 / shown.length}%`,
      cell: (row) => {
        const deployment = row.cells[environment];
        return deployment ? <Cell deployment={deployment} /> : <span class="meta">not set up</span>;
      },
    })),
  ];
  return (
    <div class="matrix">
      <Table
        label="Environments"
        columns={columns}
        rows={rowsOf(deployments)}
        rowKey={(row) => row.key}
      />
    </div>
  );
}

function Cell({ deployment }: { deployment: Deployment }): JSX.Element {
  const { project, environment } = deployment;
  return (
    <div class="matrix-cell">
      <span class="row wrap tightest">
        <a class="plain" href={`/deployments/${deployment.id}`} data-item="">
          <DeploymentStatus deployment={deployment} />
          <span class="hidden-visually">
            {' '}
            {environmentWords[environment]} of {`${project.owner}/${project.name}`}
          </span>
        </a>
        <DeploymentChips deployment={deployment} />
      </span>
      <span class="line-meta">
        <Version deployment={deployment} />
        {deployment.deployedAt && <Time at={deployment.deployedAt} />}
      </span>
    </div>
  );
}
