import type { JSX } from 'preact';
import type { ProjectRef } from '../../api/resources.ts';
import { commandPreview, getPreview } from '../../api/reviews.ts';
import type { MergeRequestDetail, Preview } from '../../api/types.ts';
import { useAction, useLoad } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { Status } from '../../components/status.tsx';
import type { StateName } from '../../lib/state-name.ts';
import { Time } from '../../components/time.tsx';
import { shortSha } from '../../lib/time.ts';

interface BoxProps {
  mergeRequest: MergeRequestDetail;
  at: ProjectRef;
}

const words: Readonly<Record<Exclude<Preview['state'], 'none'>, [StateName, string]>> = {
  waiting: ['queued', 'Preview waits'],
  coming_up: ['running', 'Preview is coming up'],
  running: ['success', 'Preview is running'],
  degraded: ['degraded', 'Preview is degraded'],
  failed: ['failure', 'Preview failed'],
  ending: ['running', 'Preview is being taken down'],
  gone: ['cancelled', 'Preview is gone'],
};

const endWords: Readonly<Record<NonNullable<Preview['endReason']>, string>> = {
  closed: 'It went with the merge request, which was closed.',
  merged: 'It went with the merge request, which was merged.',
  expired: 'Nobody pushed for its whole time.',
  stopped: 'Somebody ended it. A push brings it back.',
  unwanted: 'The definition asks for none any more.',
};

/** Where the merge request runs: how its preview is, the way to it, and what ends or brings it back. */
export function PreviewBox({ mergeRequest, at }: BoxProps): JSX.Element | null {
  const { number } = mergeRequest;
  const key = `previews/${at.owner}/${at.project}/${number}`;
  const preview = useLoad(key, (signal) => getPreview(at, number, signal)).data;
  // Whoever may not see deployments sees none.
  if (!preview || preview.state === 'none') return null;
  const [state, word] = words[preview.state];
  return (
    <section class="preview-box spaced" aria-label="Preview">
      <div class="preview-words">
        <span class="row wrap tight" role="status">
          <Status state={state} word={word} />
          <PreviewFacts preview={preview} />
        </span>
        {reasonOf(preview) !== null && <p class="meta preview-reason">{reasonOf(preview)}</p>}
      </div>
      <span class="row wrap tight">
        {isServed(preview) && <Links preview={preview} />}
        {preview.deploymentId !== null && preview.state !== 'ending' && (
          <a class="button quiet" href={`/deployments/${preview.deploymentId}`}>
            <Icon name="deploy" />
            <span>Details</span>
          </a>
        )}
        {mergeRequest.permissions.write && mergeRequest.status === 'open' && (
          <Commands preview={preview} number={number} at={at} />
        )}
      </span>
    </section>
  );
}

/** One that is not well may answer all the same. */
function isServed({ state }: Preview): boolean {
  return state === 'running' || state === 'degraded';
}

function reasonOf({ state, reason, endReason }: Preview): string | null {
  return state === 'gone' && endReason !== null ? endWords[endReason] : reason;
}

function PreviewFacts({ preview }: { preview: Preview }): JSX.Element | null {
  const { state, commitSha, expiresAt, secrets } = preview;
  const held = secrets.filter((one) => one.endedAt === null);
  if (state === 'gone' || state === 'ending') return null;
  return (
    <>
      {commitSha !== null && <code>{shortSha(commitSha)}</code>}
      {held.length > 0 && (
        <span
          class="chip"
          title={`It holds ${held.map((one) => `${one.name}, version ${one.version}`).join('; ')}`}
        >
          <Icon name="key" size={12} />
          {held.length} {held.length === 1 ? 'secret' : 'secrets'}
        </span>
      )}
      {isServed(preview) && expiresAt !== null && (
        <span class="meta">
          <Time at={expiresAt} prefix="gone" />
        </span>
      )}
    </>
  );
}

/** The way in: one link where there is one service, else each by its name. */
function Links({ preview }: { preview: Preview }): JSX.Element {
  const { addresses } = preview;
  return (
    <>
      {addresses.map(({ url, service }) => (
        <a key={url} class="button" href={url} target="_blank" rel="noreferrer" title={url}>
          <Icon name="external" />
          <span>{addresses.length === 1 ? 'Open preview' : `Open ${service}`}</span>
        </a>
      ))}
    </>
  );
}

function Commands({
  preview,
  number,
  at,
}: {
  preview: Preview;
  number: number;
  at: ProjectRef;
}): JSX.Element | null {
  const isGone = preview.state === 'gone';
  const command = useAction(async () => {
    try {
      await commandPreview(at, number, isGone ? 'renew' : 'stop');
    } catch (error) {
      toast(error instanceof Error ? error.message : 'That did not work.', 'failure');
    }
  });
  if (preview.state === 'ending') return null;
  return (
    <Button
      kind="quiet"
      icon={isGone ? 'play' : 'stop'}
      pending={command.pending}
      onClick={() => {
        command.run();
      }}
    >
      {isGone ? 'Bring back' : 'End'}
    </Button>
  );
}
