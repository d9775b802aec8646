import type { JSX } from 'preact';
import { listRunArtifacts } from '../../api/resources.ts';
import type { Artifact, RunDetail } from '../../api/types.ts';
import { useLoad } from '../../app/load.ts';
import { Icon } from '../../components/icon.tsx';
import { Section } from '../../components/page.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { formatBytes } from '../../lib/time.ts';

/** What the run made, with sizes and until when it is kept. Nothing is shown while there is nothing. */
export function Artifacts({ run }: { run: RunDetail }): JSX.Element | null {
  const finished = run.steps.filter((step) => step.finishedAt !== null).length;
  const list = useLoad(`artifacts/${run.id}/${finished}`, () => listRunArtifacts(run.id));
  const items = list.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Section title={`Artifacts (${items.length})`}>
      <div class="row">
        {setsOf(items).map(({ step, name, count }) => (
          <a
            key={`${step} ${name}`}
            class="button"
            href={`/api/v1/pipelines/${run.id}/steps/${encodeURIComponent(step)}/artifacts/${encodeURIComponent(name)}/archive`}
            download=""
          >
            <Icon name="package" size={14} />
            {count > 1 ? `Download all of ${name}` : `Download ${name}`} (.tar.gz)
          </a>
        ))}
      </div>
      <Table<Artifact>
        label="Artifacts"
        dense
        rows={items}
        rowKey={(artifact) => artifact.id}
        columns={[
          {
            title: 'Name',
            role: 'main',
            cell: (artifact) => (
              <a class="row" href={artifact.contentUrl} download="">
                <Icon name="package" size={14} />
                <span class="truncate">{artifact.path || artifact.name}</span>
              </a>
            ),
          },
          { title: 'Set', cell: (artifact) => artifact.name },
          { title: 'Step', cell: (artifact) => artifact.step },
          {
            title: 'Size',
            cell: (artifact) => <span class="num">{formatBytes(artifact.sizeBytes)}</span>,
          },
          {
            title: 'Kept until',
            cell: (artifact) =>
              artifact.expiresAt ? <Time at={artifact.expiresAt} /> : 'deleted by hand',
          },
        ]}
      />
    </Section>
  );
}

/** What was stored under one name by one step is downloaded as one. */
function setsOf(items: readonly Artifact[]): { step: string; name: string; count: number }[] {
  const sets = new Map<string, { step: string; name: string; count: number }>();
  for (const { step, name } of items) {
    const key = `${step} ${name}`;
    sets.set(key, { step, name, count: (sets.get(key)?.count ?? 0) + 1 });
  }
  return [...sets.values()];
}
