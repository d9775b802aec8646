import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { getManifests, listRevisions } from '../../api/deployments.ts';
import type { Deployment, Revision } from '../../api/types.ts';
import { useLoad } from '../../app/load.ts';
import { projectPath, useQuery } from '../../app/location.ts';
import { Button } from '../../components/button.tsx';
import { ChangeLink } from '../../components/change-link.tsx';
import { Copy } from '../../components/copy.tsx';
import { Empty, Show } from '../../components/feedback.tsx';
import { Icon } from '../../components/icon.tsx';
import { Status } from '../../components/status.tsx';
import type { StateName } from '../../lib/state-name.ts';
import { Time } from '../../components/time.tsx';
import { shortImage } from '../../lib/deployment-state.ts';
import { shortSha } from '../../lib/time.ts';
import { yamlText } from '../../lib/yaml-text.ts';
import type { DeploymentPageProps } from './deployment-page-props.ts';

const states: Readonly<Record<Revision['status'], { state: StateName; word: string }>> = {
  rendered: { state: 'queued', word: 'Not proven yet' },
  good: { state: 'success', word: 'Good' },
  bad: { state: 'blocked', word: 'In quarantine' },
};

/** What was rendered: the good revisions that are kept, those in quarantine and why, each with its manifests. */
export function Revisions({ deployment }: DeploymentPageProps): JSX.Element {
  const { id } = deployment;
  const { query, setQuery } = useQuery();
  const list = useLoad(`deployments/${id}/revisions`, (signal) => listRevisions(id, signal));
  const shown = Number(query['revision'] ?? 0);
  return (
    <Show loaded={list} rows={6} what="Revisions">
      {({ items }) =>
        items.length === 0 ? (
          <Empty icon="package" title="No revision yet">
            The first one is rendered when the deployer begins.
          </Empty>
        ) : (
          <ul class="line-list">
            {items.map((revision) => (
              <RevisionRow
                key={revision.id}
                deployment={deployment}
                revision={revision}
                open={revision.number === shown}
                onToggle={() => {
                  setQuery({
                    revision: revision.number === shown ? undefined : String(revision.number),
                  });
                }}
              />
            ))}
          </ul>
        )
      }
    </Show>
  );
}

function RevisionRow({
  deployment,
  revision,
  open,
  onToggle,
}: {
  deployment: Deployment;
  revision: Revision;
  open: boolean;
  onToggle: () => void;
}): JSX.Element {
  const { liveRevision, project, id } = deployment;
  const { state, word } = states[revision.status];
  const isLive = revision.id === liveRevision?.id;
  return (
    <li class="revision">
      <div class="line-row">
        <Status state={state} word={word} compact />
        <div class="grow">
          <span class="row wrap tightest">
            <span class="line-title">Revision {revision.number}</span>
            {isLive && <span class="chip toned state-success">serves</span>}
            {revision.status === 'bad' && (
              <span class="chip toned state-blocked">
                <Icon name="ban" size={12} /> quarantined
              </span>
            )}
          </span>
          {revision.quarantineReason && <p class="revision-why">{revision.quarantineReason}</p>}
          <div class="line-meta">
            <code title={revision.imageRef}>{shortImage(revision.imageRef)}</code>
            {revision.commitSha && (
              <a href={projectPath(project.owner, project.name, `/commits/${revision.commitSha}`)}>
                <code>{shortSha(revision.commitSha)}</code>
              </a>
            )}
            {revision.changeId && <ChangeLink id={revision.changeId} />}
            <Time at={revision.createdAt} />
          </div>
        </div>
        <div class="row">
          {liveRevision && !isLive && (
            <a
              class="button small plain"
              href={`/deployments/${id}/diff?from=${liveRevision.number}&to=${revision.number}`}
            >
              <Icon name="diff" /> <span>Compare</span>
            </a>
          )}
          <Button small icon="code" expanded={open} onClick={onToggle}>
            Manifests
          </Button>
        </div>
      </div>
      {open && <ManifestText id={id} number={revision.number} />}
    </li>
  );
}

function ManifestText({ id, number }: { id: string; number: number }): JSX.Element {
  const manifests = useLoad(`manifests/${id}/${number}`, (signal) =>
    getManifests(id, number, signal),
  );
  const [isWrapped, setWrapped] = useState(false);
  return (
    <div class="manifest-text">
      <Show loaded={manifests} rows={6} what="Manifests">
        {({ items }) => {
          const text = items.map(yamlText).join('---\n');
          return (
            <>
              <p class="row meta">
                <span class="grow">
                  {items.length} {items.length === 1 ? 'object' : 'objects'}, as they were rendered;
                  secrets are references
                </span>
                <Button
                  kind="quiet"
                  small
                  icon="wrap"
                  label="Wrap lines"
                  pressed={isWrapped}
                  onClick={() => {
                    setWrapped(!isWrapped);
                  }}
                />
                <Copy text={text} label="Copy manifests" />
              </p>
              <pre
                class={isWrapped ? 'wrapped' : ''}
                tabIndex={0}
                role="group"
                aria-label={`Manifests of revision ${number}`}
              >
                {text}
              </pre>
            </>
          );
        }}
      </Show>
    </div>
  );
}
