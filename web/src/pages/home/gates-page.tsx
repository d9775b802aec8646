import type { JSX } from 'preact';
import { useQuery } from '../../app/location.ts';
import { Empty, Show } from '../../components/feedback.tsx';
import { Choice, Filter } from '../../components/field.tsx';
import { PageHead } from '../../components/page.tsx';
import { GateList, useOpenGates } from '../../components/gate-list.tsx';

/** `1 gate`, `3 gates`. */
function gateCount(count: number): string {
  return `${count} ${count === 1 ? 'gate' : 'gates'}`;
}

/** Every gate that waits for the decision of who looks at it, oldest first. */
export function GatesPage(): JSX.Element {
  const { query, setQuery } = useQuery();
  const loaded = useOpenGates();
  const kind = query['kind'] ?? '';
  const text = (query['q'] ?? '').toLowerCase();
  const count = loaded.data?.length ?? 0;
  return (
    <>
      <PageHead
        title="Gates waiting for you"
        documentTitle={`${gateCount(count)} waiting for you`}
        state={
          count === 0
            ? 'Steps of pipelines and rollouts that you may let through.'
            : `${gateCount(count)}, the oldest first.`
        }
      />
      <Show loaded={loaded} rows={4} what="Gates">
        {(gates) => {
          if (gates.length === 0)
            return (
              <Empty icon="check" title="No gate waits for you">
                A gate that you may decide appears here, and in the top bar, the moment it opens.
              </Empty>
            );
          const shown = gates.filter(
            (one) =>
              (kind === '' || one.kind === kind) &&
              `${one.place} ${one.title}`.toLowerCase().includes(text),
          );
          return (
            <>
              <div class="toolbar">
                <Filter
                  label="Filter by project or name"
                  value={query['q'] ?? ''}
                  onValue={(q) => {
                    setQuery({ q });
                  }}
                />
                <Choice
                  label="Kind"
                  value={kind}
                  options={[
                    ['', 'Everything'],
                    ['pipeline', 'Pipelines'],
                    ['deployment', 'Deployments'],
                  ]}
                  onValue={(value) => {
                    setQuery({ kind: value });
                  }}
                />
              </div>
              {shown.length === 0 ? (
                <p class="quiet-line">No gate is like this filter.</p>
              ) : (
                <GateList gates={shown} />
              )}
            </>
          );
        }}
      </Show>
    </>
  );
}
