import type { JSX } from 'preact';
import { listArtifactSets, listRunArtifacts } from '../../api/resources.ts';
import type { Artifact, ArtifactSet, RunDetail } from '../../api/types.ts';
import { useList, useLoad } from '../../app/load.ts';
import { More } from '../../components/feedback.tsx';
import { Icon } from '../../components/icon.tsx';
import { Section } from '../../components/page.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { formatBytes } from '../../lib/time.ts';

/** What the run made: each artifact whole, and its files one by one. Nothing is shown while there is nothing. */
export function Artifacts({ run }: { run: RunDetail }): JSX.Element | null {
  const sets = useLoad(`artifacts/${run.id}/sets`, (signal) => listArtifactSets(run.id, signal));
  const files = useList(`artifacts/${run.id}/files`, (cursor, signal) =>
    listRunArtifacts(run.id, cursor, signal),
  );
  const items = sets.data?.items ?? [];
  if (items.length === 0) return null;
  const count = items.reduce((sum, set) => sum + set.files, 0);
  return (
    <>
      <Section title={`Artifacts (${items.length})`}>
        <Table<ArtifactSet>
          label="Artifacts"
          dense
          rows={items}
          rowKey={({ step, name }) => `${step} ${name}`}
          columns={setColumns}
        />
      </Section>
      <Section title={`Files of artifacts (${count.toLocaleString('en')})`}>
        <Table<Artifact>
          label="Files of artifacts"
          dense
          rows={files.data ?? []}
          rowKey={(artifact) => artifact.id}
          columns={fileColumns}
        />
        <More list={files} />
      </Section>
    </>
  );
}

function filesWord(count: number): string {
  return count === 1 ? '1 file' : `${count.toLocaleString('en')} files`;
}

const kept = ({ expiresAt }: { expiresAt: string | null }): JSX.Element | string =>
  expiresAt === null ? 'as long as the run' : <Time at={expiresAt} />;

const size = ({ sizeBytes }: { sizeBytes: number }): JSX.Element => (
  <span class="num">{formatBytes(sizeBytes)}</span>
);

const setColumns: readonly Column<ArtifactSet>[] = [
  {
    title: 'Artifact',
    role: 'main',
    cell: (set) => (
      <span class="row">
        <Icon name="package" size={14} />
        <span class="strong truncate">{set.name}</span>
      </span>
    ),
  },
  { title: 'Step', cell: (set) => set.step },
  { title: 'Files', cell: (set) => <span class="num">{set.files.toLocaleString('en')}</span> },
  { title: 'Size', cell: size },
  { title: 'Kept until', cell: kept },
  {
    title: '~Download',
    role: 'end',
    cell: (set) => (
      <a
        class="button small"
        href={set.archiveUrl}
        download=""
        aria-label={`Download .tar.gz of ${set.name}, step ${set.step}, ${filesWord(set.files)}`}
      >
        Download .tar.gz
      </a>
    ),
  },
];

const fileColumns: readonly Column<Artifact>[] = [
  {
    title: 'File',
    role: 'main',
    cell: (artifact) => (
      <a class="row" href={artifact.contentUrl} download="">
        <span class="truncate mono">{artifact.path || artifact.name}</span>
      </a>
    ),
  },
  { title: 'Artifact', cell: (artifact) => artifact.name },
  { title: 'Step', cell: (artifact) => artifact.step },
  { title: 'Size', cell: size },
];
