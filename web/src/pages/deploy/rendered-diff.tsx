import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { getManifests, listRevisions } from '../../api/deployments.ts';
import type { Deployment, Revision } from '../../api/types.ts';
import { useLoad } from '../../app/load.ts';
import { useQuery } from '../../app/location.ts';
import { DiffView } from '../../components/diff-view.tsx';
import { Empty, Show } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { shortImage } from '../../lib/deployment-state.ts';
import { manifestDiff } from '../../lib/manifest-diff.ts';
import type { DeploymentPageProps } from './deployment-page-props.ts';

/** What differs between two revisions, as it was rendered: unless chosen, what serves against what comes next. */
export function RenderedDiff({ deployment }: DeploymentPageProps): JSX.Element {
  const { id } = deployment;
  const list = useLoad(`deployments/${id}/revisions`, (signal) => listRevisions(id, signal));
  return (
    <Show loaded={list} rows={6} what="Revisions">
      {({ items }) =>
        items.length < 2 ? (
          <Empty icon="diff" title="Nothing to compare yet">
            A second revision is needed: it comes with the next commit that changes a manifest or
            the image.
          </Empty>
        ) : (
          <Compare deployment={deployment} revisions={items} />
        )
      }
    </Show>
  );
}

/** What the two sides are unless the address says: what serves, and what is on its way or came last. */
function defaults(
  deployment: Deployment,
  revisions: readonly Revision[],
): { from: number; to: number } {
  const newest = revisions[0]?.number ?? 0;
  const live = deployment.liveRevision?.number ?? revisions[1]?.number ?? newest;
  const coming = deployment.lastSync?.revision.number ?? newest;
  if (coming !== live) return { from: live, to: coming };
  return { from: revisions.find((one) => one.number < live)?.number ?? newest, to: live };
}

function Compare({
  deployment,
  revisions,
}: {
  deployment: Deployment;
  revisions: readonly Revision[];
}): JSX.Element {
  const { query, setQuery } = useQuery();
  const { id, liveRevision, lastSync } = deployment;
  const unless = defaults(deployment, revisions);
  const numbers = new Set(revisions.map((one) => one.number));
  const pick = (value: string | undefined, other: number): number =>
    numbers.has(Number(value)) ? Number(value) : other;
  const from = pick(query['from'], unless.from);
  const to = pick(query['to'], unless.to);
  const options = revisions.map((one) => {
    const notes = [
      one.id === liveRevision?.id && 'serves',
      one.id === lastSync?.revision.id && lastSync.status === 'waiting' && 'waits at the gate',
      one.status === 'bad' && 'quarantined',
    ].filter(Boolean);
    const note = notes.length > 0 ? ` (${notes.join(', ')})` : '';
    return [String(one.number), `${one.number} · ${shortImage(one.imageRef)}${note}`] as const;
  });
  const both = useLoad(`manifests/${id}/${from}..${to}`, async (signal) => {
    const [before, after] = await Promise.all([
      getManifests(id, from, signal),
      getManifests(id, to, signal),
    ]);
    return { before: before.items, after: after.items };
  });
  return (
    <>
      <div class="compare">
        <Field
          label="From revision"
          value={String(from)}
          options={options}
          onValue={(value) => {
            setQuery({ from: value });
          }}
        />
        <Field
          label="To revision"
          value={String(to)}
          options={options}
          onValue={(value) => {
            setQuery({ to: value });
          }}
        />
      </div>
      <Show loaded={both} rows={8} what="Manifests">
        {({ before, after }) => <Changes before={before} after={after} />}
      </Show>
    </>
  );
}

type Manifests = Awaited<ReturnType<typeof getManifests>>['items'];

function Changes({ before, after }: { before: Manifests; after: Manifests }): JSX.Element {
  const diff = useMemo(() => manifestDiff(before, after), [before, after]);
  if (diff.files.length === 0)
    return (
      <Empty icon="check" title="No difference">
        Both revisions render the same objects.
      </Empty>
    );
  return <DiffView diff={diff} />;
}
