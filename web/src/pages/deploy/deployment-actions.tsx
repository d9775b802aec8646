import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { commandDeployment, type PlainCommand } from '../../api/deployments.ts';
import type { Deployment } from '../../api/types.ts';
import { invalidate, useAction } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { Menu } from '../../components/menu.tsx';
import { isRolling, mayRetry } from '../../lib/deployment-state.ts';
import { AbortDialog, PromoteDialog, ScaleDialog, StopDialog } from './command-dialogs.tsx';
import type { DeploymentPageProps } from './deployment-page-props.ts';
import { RollBackDialog } from './roll-back-dialog.tsx';

type DialogName = 'rollback' | 'promote' | 'scale' | 'stop' | 'abort';

const doneWords: Readonly<Record<PlainCommand, string>> = {
  sync: 'The deployer brings it to what is desired',
  retry: 'It is tried again',
  start: 'It is being started',
  stop: 'It is being stopped',
  pause: 'Paused',
  resume: 'Resumed',
};

/** True when the deployment shows that the deployer has accepted a command. */
function isTaken(command: PlainCommand, before: Deployment, now: Deployment): boolean {
  if (command === 'pause') return now.isPaused;
  if (command === 'resume') return !now.isPaused;
  return now.generation > before.generation || isRolling(now);
}

/** Sends a command; it is pending on its own button until the deployment shows it. */
function useCommand(deployment: Deployment): {
  pending: PlainCommand | null;
  send: (command: PlainCommand) => void;
} {
  const [asked, setAsked] = useState<{ command: PlainCommand; before: Deployment } | null>(null);
  useEffect(() => {
    if (asked && isTaken(asked.command, asked.before, deployment)) setAsked(null);
  }, [deployment, asked]);
  const act = useAction(async (command: PlainCommand) => {
    setAsked({ command, before: deployment });
    try {
      await commandDeployment(deployment.id, command);
      invalidate('deployments');
      toast(doneWords[command]);
    } catch (error) {
      setAsked(null);
      toast(error instanceof Error ? error.message : 'That did not work.', 'failure');
    }
  });
  return { pending: asked?.command ?? null, send: act.run };
}

/** What can be done with a deployment; who may not is told what it takes. */
export function DeploymentActions({ deployment, may }: DeploymentPageProps): JSX.Element | null {
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const { pending, send } = useCommand(deployment);
  if (!may('deploy:promote')) {
    return (
      <span class="meta row actions-note">
        <Icon name="lock" size={12} />
        Changing it needs <code>deploy:promote</code> on the project
      </span>
    );
  }
  if (deployment.isDeleting) return null;
  const close = (): void => {
    setDialog(null);
  };
  return (
    <>
      <Buttons deployment={deployment} pending={pending} send={send} ask={setDialog} />
      {dialog === 'rollback' && <RollBackDialog deployment={deployment} onClose={close} />}
      {dialog === 'promote' && <PromoteDialog deployment={deployment} onClose={close} />}
      {dialog === 'scale' && <ScaleDialog deployment={deployment} onClose={close} />}
      {dialog === 'abort' && <AbortDialog deployment={deployment} onClose={close} />}
      {dialog === 'stop' && (
        <StopDialog
          deployment={deployment}
          onClose={close}
          onStop={() => {
            send('stop');
          }}
        />
      )}
    </>
  );
}

function Buttons({
  deployment,
  pending,
  send,
  ask,
}: {
  deployment: Deployment;
  pending: PlainCommand | null;
  send: (command: PlainCommand) => void;
  ask: (dialog: DialogName) => void;
}): JSX.Element {
  const { isPaused, environment, liveRevision, currentStatus, desiredStatus } = deployment;
  const rolling = isRolling(deployment);
  const isLast = environment === 'production';
  const whyNotPromote =
    liveRevision === null || currentStatus !== 'healthy'
      ? 'Only what is healthy can be promoted'
      : undefined;
  return (
    <>
      {rolling && (
        <Button
          icon="x"
          kind="danger"
          onClick={() => {
            ask('abort');
          }}
        >
          Abort…
        </Button>
      )}
      {isPaused && (
        <Button
          icon="play"
          kind="primary"
          pending={pending === 'resume'}
          onClick={() => {
            send('resume');
          }}
        >
          Resume
        </Button>
      )}
      {mayRetry(deployment) && (
        <Button
          icon="rerun"
          kind="primary"
          pending={pending === 'retry'}
          title="Try what failed last once more; its gate asks anew"
          onClick={() => {
            send('retry');
          }}
        >
          Retry now
        </Button>
      )}
      <Button
        icon="undo"
        disabled={liveRevision === null}
        title={liveRevision === null ? 'There is no good revision to go back to' : ''}
        onClick={() => {
          ask('rollback');
        }}
      >
        Roll back…
      </Button>
      {!isLast && (
        <Button
          icon="promote"
          kind={isPaused || mayRetry(deployment) ? 'plain' : 'primary'}
          disabled={whyNotPromote !== undefined}
          title={whyNotPromote ?? 'Deploy exactly this to another environment'}
          onClick={() => {
            ask('promote');
          }}
        >
          Promote…
        </Button>
      )}
      <Button
        icon="rerun"
        pending={pending === 'sync'}
        title="Apply what is desired once more, without a build"
        onClick={() => {
          send('sync');
        }}
      >
        Sync
      </Button>
      <Menu label="More actions">
        <button
          type="button"
          onClick={() => {
            ask('scale');
          }}
        >
          <Icon name="scale" /> Scale…
        </button>
        {!isPaused && (
          <button
            type="button"
            onClick={() => {
              send('pause');
            }}
          >
            <Icon name="pause" /> Pause
          </button>
        )}
        {desiredStatus === 'stopped' ? (
          <button
            type="button"
            onClick={() => {
              send('start');
            }}
          >
            <Icon name="play" /> Start
          </button>
        ) : (
          <button
            type="button"
            onClick={() => {
              ask('stop');
            }}
          >
            <Icon name="stop" /> Stop…
          </button>
        )}
      </Menu>
    </>
  );
}
