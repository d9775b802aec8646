import type { JSX } from 'preact';
import { fetchOpsRepo, getOpsRepo } from '../../api/deployments.ts';
import type { OpsRepo } from '../../api/types.ts';
import { invalidate, useAction } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { Time } from '../../components/time.tsx';
import { shortSha } from '../../lib/time.ts';

/** What is known of a foreign repository: its head, when it was fetched, and why it could not be lately. */
export function Fetched({ repo }: { repo: OpsRepo }): JSX.Element {
  const { kind, headSha, fetchedAt, fetchError } = repo;
  if (kind === 'hosted') return <span class="muted">hosted here</span>;
  return (
    <span class="fetched">
      <span class="line-meta">
        {headSha && <code title={headSha}>{shortSha(headSha)}</code>}
        {fetchedAt ? (
          <Time at={fetchedAt} prefix="fetched" />
        ) : (
          <span>{fetchError ? 'never fetched' : 'fetched soon'}</span>
        )}
      </span>
      {fetchError && (
        <span class="fetch-error">
          <Icon name="failure" size={14} />
          <span>
            {fetchError}
            {headSha && ' The last commit stays in use.'}
          </span>
        </span>
      )}
    </span>
  );
}

const triesLeft = 60;

/** Asks for a fetch, and waits until it has been made; longer than a minute it is left to the live changes. */
export function FetchNow({ repo }: { repo: OpsRepo }): JSX.Element {
  const { id, name, triedAt: before } = repo;
  const ask = useAction(async () => {
    await fetchOpsRepo(id);
    for (let left = triesLeft; left > 0; left -= 1) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const { triedAt, fetchError } = await getOpsRepo(id);
      if (triedAt === before) continue;
      invalidate('ops-repos');
      if (fetchError) toast(`${name} could not be fetched`, 'failure');
      else toast(`${name} was fetched`);
      return;
    }
  });
  return (
    <Button
      kind="quiet"
      small
      icon="rerun"
      label={`Fetch ${name} now`}
      pending={ask.pending}
      onClick={() => {
        ask.run();
      }}
    />
  );
}
