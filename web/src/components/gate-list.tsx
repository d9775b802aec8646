import type { JSX } from 'preact';
import { listDeployments } from '../api/deployments.ts';
import { getRun, listGates } from '../api/resources.ts';
import type { Deployment, Gate } from '../api/types.ts';
import { type Loaded, useLoad } from '../app/load.ts';
import { shortSha } from '../lib/time.ts';
import { ChangeLink } from './change-link.tsx';
import { GateActions } from './gate-card.tsx';
import { Icon } from './icon.tsx';
import { runTitle } from './run-row.tsx';
import { Status } from './status.tsx';
import { Time } from './time.tsx';

/** A gate with what it belongs to, in words. */
interface OpenGate {
  gate: Gate;
  kind: 'pipeline' | 'deployment';
  title: string;
  /** project and number, or environment */
  place: string;
  href: string;
}

function ofDeployment(gate: Gate, deployments: readonly Deployment[]): OpenGate {
  const found = deployments.find((each) => each.lastSync?.id === gate.subjectId);
  if (!found)
    return {
      gate,
      kind: 'deployment',
      title: gate.step,
      place: gate.target ?? '',
      href: '/deployments',
    };
  const { project, environment, lastSync, id } = found;
  return {
    gate,
    kind: 'deployment',
    title: `Revision ${lastSync?.revision.number ?? ''} to ${environment}`,
    place: `${project.owner}/${project.name}`,
    href: `/deployments/${id}`,
  };
}

async function ofPipeline(gate: Gate): Promise<OpenGate> {
  const href = `/pipelines/${gate.subjectId}?step=${encodeURIComponent(gate.step)}`;
  const run = await getRun(gate.subjectId).catch(() => null);
  return {
    gate,
    kind: 'pipeline',
    title: run ? `${gate.step} · ${runTitle(run)}` : gate.step,
    place: run ? `${run.project.owner}/${run.project.name} #${run.number}` : '',
    href,
  };
}

/** Open gates that one may decide, each with what it belongs to. */
export function useOpenGates(): Loaded<OpenGate[]> {
  return useLoad('gates/with-subjects', async () => {
    const { items } = await listGates();
    const isDeployment = (gate: Gate): boolean => gate.subjectType === 'deployment';
    const deployments = items.some(isDeployment) ? (await listDeployments()).items : [];
    return await Promise.all(
      items.map(async (gate) =>
        isDeployment(gate) ? ofDeployment(gate, deployments) : await ofPipeline(gate),
      ),
    );
  });
}

/** Gates that one may decide, each with the answers to it. */
export function GateList({ gates }: { gates: readonly OpenGate[] }): JSX.Element {
  return (
    <ul class="line-list">
      {gates.map(({ gate, kind, title, place, href }) => (
        <li key={gate.id} class="line-row">
          <Status state="waiting" compact />
          <div class="grow">
            <a class="line-title truncate" href={href} data-item="">
              {title}
            </a>
            <div class="line-meta">
              <span class="row tightest">
                <Icon name={kind === 'deployment' ? 'deploy' : 'workflow'} size={12} />
                <span class="truncate">{place}</span>
              </span>
              {gate.commitSha && <code>{shortSha(gate.commitSha)}</code>}
              <span>
                since <Time at={gate.createdAt} />
              </span>
              {gate.expiresAt && (
                <span>
                  expires <Time at={gate.expiresAt} />
                </span>
              )}
              {gate.changeId.startsWith('chg_') && <ChangeLink id={gate.changeId} />}
            </div>
          </div>
          <GateActions gate={gate} subject={`${place}: ${title}`} inList />
        </li>
      ))}
    </ul>
  );
}
