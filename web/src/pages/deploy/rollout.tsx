import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Deployment, Sync, Wave } from '../../api/types.ts';
import { now } from '../../app/clock.ts';
import { ChangeLink } from '../../components/change-link.tsx';
import { Icon } from '../../components/icon.tsx';
import { Status } from '../../components/status.tsx';
import type { StateName } from '../../lib/state-name.ts';
import { Duration, Time } from '../../components/time.tsx';
import { bakeLeft, shortImage } from '../../lib/deployment-state.ts';
import { formatDuration } from '../../lib/time.ts';

const syncStates: Readonly<Record<Sync['status'], { state: StateName; word: string }>> = {
  running: { state: 'running', word: 'Rolling out' },
  waiting: { state: 'waiting', word: 'Waiting' },
  baking: { state: 'running', word: 'Baking' },
  undoing: { state: 'running', word: 'Undoing' },
  succeeded: { state: 'success', word: 'Succeeded' },
  undone: { state: 'blocked', word: 'Undone' },
  superseded: { state: 'cancelled', word: 'Superseded' },
  rejected: { state: 'failure', word: 'Rejected' },
  needs_human: { state: 'failure', word: 'Needs a person' },
};

const objectStates: Readonly<
  Record<Wave['objects'][number]['status'], { state: StateName; word: string }>
> = {
  pending: { state: 'queued', word: 'Pending' },
  applied: { state: 'running', word: 'Applied' },
  healthy: { state: 'success', word: 'Healthy' },
  failed: { state: 'failure', word: 'Failed' },
  pruned: { state: 'skipped', word: 'Pruned' },
  undone: { state: 'blocked', word: 'Undone' },
};

const undoWords = { restore: 'puts back what was', remove: 'removes it', none: 'nothing' } as const;
const actionWords = {
  deploy: 'Deploy',
  rollback: 'Roll back to',
  stop: 'Stop',
  scale: 'Scale',
} as const;

/** One rollout: what it brings, how far it is, its waves in the order in which they run. */
export function Rollout({
  sync,
  deployment,
  open = false,
}: {
  sync: Sync;
  deployment: Deployment;
  open?: boolean;
}): JSX.Element {
  const [shown, setShown] = useState(open);
  const { state, word } = syncStates[sync.status];
  const title = `${actionWords[sync.action]} revision ${sync.revision.number}`;
  return (
    <section class="panel rollout" aria-label={`Rollout ${sync.number}`}>
      <button
        type="button"
        class="panel-head"
        aria-expanded={shown}
        onClick={() => {
          setShown(!shown);
        }}
      >
        <Icon name={shown ? 'chevron-down' : 'chevron-right'} />
        <Status state={state} word={word} />
        <span class="grow truncate">
          <span class="strong">{title}</span>{' '}
          <span class="muted num">
            #{sync.number} · {shortImage(sync.revision.imageRef)}
          </span>
        </span>
        <span class="wide-only">
          <span class="meta row">
            <Duration start={sync.startedAt} end={sync.finishedAt} />
            <Time at={sync.startedAt} />
          </span>
        </span>
      </button>
      {shown && (
        <div class="rollout-body">
          {sync.status === 'baking' && <Bake sync={sync} seconds={deployment.bakeSeconds} />}
          {sync.status === 'undoing' && (
            <p class="rollout-note state-running">
              <Icon name="running" class="spin" />
              Undoing in reverse order{sync.reason && `: ${sync.reason}`}
            </p>
          )}
          {sync.reason && sync.status !== 'undoing' && <p class="rollout-note">{sync.reason}</p>}
          <p class="line-meta rollout-meta">
            <span>
              started <Time at={sync.startedAt} />
            </span>
            {sync.finishedAt && (
              <span>
                took <Duration start={sync.startedAt} end={sync.finishedAt} />
              </span>
            )}
            {sync.changeId && <ChangeLink id={sync.changeId} />}
          </p>
          {sync.waves.length === 0 && <p class="rollout-note">Nothing had to be applied.</p>}
          <ol class="waves" aria-label="Waves">
            {sync.waves.map((wave) => (
              <WaveRow key={`${wave.phase} ${wave.wave} ${wave.operation}`} wave={wave} />
            ))}
          </ol>
        </div>
      )}
    </section>
  );
}

/** The time that a new revision is watched before it counts as good. */
function Bake({ sync, seconds }: { sync: Sync; seconds: number }): JSX.Element {
  const changes = sync.waves.flatMap((wave) =>
    wave.objects.map((one) => Date.parse(one.updatedAt)),
  );
  const since = Math.max(Date.parse(sync.startedAt), ...changes);
  const left = bakeLeft(since, seconds, now.value);
  const done = seconds === 0 ? 100 : Math.round(100 - (left / (seconds * 1000)) * 100);
  return (
    <div class="bake">
      <p class="row">
        <Icon name="clock" size={14} />
        <span class="grow">Every wave is healthy. It is watched before it counts as good.</span>
        <span class="num strong">
          {left > 0 ? `${formatDuration(Math.ceil(left / 1000) * 1000)} left` : 'about to end'}
        </span>
      </p>
      <progress max={100} value={done} aria-label="Bake" />
    </div>
  );
}

/** The state of a wave is that of its slowest object. */
function waveState(wave: Wave): { state: StateName; word: string } {
  const statuses = wave.objects.map((one) => one.status);
  if (statuses.includes('failed')) return objectStates.failed;
  if (statuses.includes('undone')) return objectStates.undone;
  if (statuses.every((each) => each === 'pending')) return objectStates.pending;
  if (statuses.every((each) => each === 'healthy' || each === 'pruned'))
    return wave.operation === 'prune' ? objectStates.pruned : objectStates.healthy;
  return { state: 'running', word: 'Under way' };
}

function WaveRow({ wave }: { wave: Wave }): JSX.Element {
  const { state, word } = waveState(wave);
  return (
    <li class={`wave ${state === 'queued' ? 'to-come' : ''}`}>
      <header class="wave-head">
        <span class="strong">{wave.operation === 'prune' ? 'Prune' : wave.phase}</span>
        {wave.operation === 'apply' && <span class="meta num">wave {wave.wave}</span>}
        <span class="grow" />
        <Status state={state} word={word} />
      </header>
      <ul>
        {wave.objects.map((object) => {
          const shown = objectStates[object.status];
          return (
            <li key={`${object.kind}/${object.name}`} class="wave-object">
              <Status state={shown.state} word={shown.word} compact />
              <span class="wave-name">
                <span class="muted">{object.kind}</span> <span class="strong">{object.name}</span>
              </span>
              <span class="grow wave-message">
                {object.message ?? <span class="meta">{shown.word}</span>}
              </span>
              {object.undo && (
                <span class="chip" title={`An undo ${undoWords[object.undo]}`}>
                  <Icon name="undo" size={12} />
                  {object.undo}
                </span>
              )}
            </li>
          );
        })}
      </ul>
    </li>
  );
}
