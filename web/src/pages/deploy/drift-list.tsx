import type { JSX } from 'preact';
import type { Deployment } from '../../api/types.ts';
import { Section } from '../../components/page.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';

type Drift = Deployment['drift'][number];

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'absent';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Fields that are not as desired, and who wrote them. Nothing where there are none. */
export function DriftList({ deployment }: { deployment: Deployment }): JSX.Element | null {
  const { drift, observedAt, selfHeal, isPaused } = deployment;
  if (drift.length === 0) return null;
  return (
    <Section
      title={`Drift (${drift.length})`}
      aside={
        observedAt && (
          <span class="meta">
            seen <Time at={observedAt} />
          </span>
        )
      }
    >
      <p class="muted drift-note">
        {selfHeal && !isPaused
          ? 'It is set back by itself. A field that keeps coming back three times in ten minutes is left alone, and its manager is named.'
          : isPaused
            ? 'Nothing is healed while it is paused.'
            : 'Self-heal is off: Sync sets it back.'}
      </p>
      <Table<Drift>
        label="Drift"
        dense
        rows={drift}
        rowKey={(one) => `${one.object}#${one.path}`}
        columns={[
          {
            title: 'Object',
            role: 'main',
            cell: (one) => <span class="strong">{one.object}</span>,
          },
          {
            title: 'Field',
            cell: (one) =>
              one.path === '' ? <span class="muted">all of it</span> : <code>{one.path}</code>,
          },
          { title: 'Desired', cell: (one) => <code>{shown(one.desired)}</code> },
          { title: 'Live', cell: (one) => <code>{shown(one.live)}</code> },
          {
            title: 'Written by',
            cell: (one) => one.manager ?? <span class="muted">not known</span>,
          },
        ]}
      />
    </Section>
  );
}
