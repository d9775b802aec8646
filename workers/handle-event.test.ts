import { describe, expect, it } from '@jest/globals';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { EventRecord, EventType } from '../contracts/event/types.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';
import { createEventHandler } from './handle-event.ts';

/*
 * Nothing here is started: database, engine and git come in as arguments, so plain objects can stand in for them.
 */

interface Sent {
  to: string;
  what: string;
  with: unknown;
}

/** An engine that notes what it is told. */
function recordingEngine(isGone = false) {
  const sent: Sent[] = [];
  const client = {
    workflow: {
      start: (type: string, options: { workflowId: string; args: unknown[] }) => {
        sent.push({ to: options.workflowId, what: `start ${type}`, with: options.args[0] });
        return Promise.resolve();
      },
      getHandle: (workflowId: string) => ({
        signal: ({ name }: { name: string }, argument?: unknown) => {
          if (isGone) return Promise.reject(new WorkflowNotFoundError('gone', workflowId, 'run'));
          sent.push({ to: workflowId, what: `signal ${name}`, with: argument });
          return Promise.resolve();
        },
      }),
    },
  };
  return { sent, client: client as unknown as Client };
}

/** A database that holds one pipeline. */
function databaseWith(status: string): PrismaClient {
  const row = {
    id: 'run_1',
    projectId: 'prj_1',
    changeId: 'chg_1',
    number: 7,
    gitRef: 'refs/heads/main',
    trigger: 'push',
    status,
    projectName: 'sample',
  };
  return {
    $queryRaw: (_texts: unknown, ...values: unknown[]) =>
      Promise.resolve(values.includes(row.id) ? [row] : []),
  } as unknown as PrismaClient;
}

function event(type: EventType, more: Partial<EventRecord> = {}): EventRecord {
  return {
    id: 'evt_1',
    position: '10-1',
    type,
    projectId: 'prj_1',
    changeId: 'chg_1',
    actorId: 'usr_1',
    subjectId: 'run_1',
    message: '',
    payload: {},
    traceparent: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    ...more,
  };
}

async function handled(one: EventRecord, { status = 'pending', isGone = false } = {}) {
  const { sent, client } = recordingEngine(isGone);
  const repositories = {
    definition: () => Promise.resolve(null),
    changedPaths: () => Promise.resolve(null),
    layClone: () => Promise.resolve(),
    commitMessage: () => Promise.resolve(null),
    commitTitle: () => Promise.resolve(null),
    resolveCommit: () => Promise.resolve(null),
  };
  const git = {
    resolveCommit: () => Promise.resolve(null),
    exists: () => Promise.resolve(false),
    statPath: () => Promise.reject(new Error('nothing is read here')),
  };
  await createEventHandler({ db: databaseWith(status), client, repositories, git })(one);
  return sent;
}

describe('the handler of committed events, over a faked database, engine and git', () => {
  it('starts the run of a new pipeline under an id made of the pipeline [A-CORE-10]', async () => {
    expect(await handled(event('pipeline.created'))).toEqual([
      {
        to: 'pipeline-run:run_1',
        what: 'start pipelineRunWorkflow',
        with: { pipelineId: 'run_1', projectId: 'prj_1', changeId: 'chg_1' },
      },
    ]);
  });

  it.each(['running', 'cancelled', 'success'])(
    'starts nothing when the pipeline is %s by the time the event is read',
    async (status) => {
      expect(await handled(event('pipeline.created'), { status })).toEqual([]);
    },
  );

  it('starts nothing for a pipeline that was deleted', async () => {
    expect(await handled(event('pipeline.created', { subjectId: 'run_other' }))).toEqual([]);
  });

  it('wakes the run that somebody cancels, and tells it nothing [A-CORE-10]', async () => {
    const asked = event('pipeline.cancel_requested', { payload: { isInRow: true } });
    expect(await handled(asked, { status: 'running' })).toEqual([
      { to: 'pipeline-run:run_1', what: 'signal cancelRun', with: undefined },
    ]);
  });

  it('wakes the workflow that waits at a gate when somebody decides, and tells it nothing', async () => {
    const payload = {
      workflowId: 'pipeline-run:run_1',
      decision: 'approve',
      reason: null,
      deciderId: 'usr_2',
    };
    expect(await handled(event('gate.decided', { subjectId: 'gat_1', payload }))).toEqual([
      { to: 'pipeline-run:run_1', what: 'signal decideGate', with: undefined },
    ]);
  });

  it('takes a run that has ended for an answer, not for a failure', async () => {
    await expect(
      handled(event('pipeline.pause_requested', { payload: { isInRow: true } }), { isGone: true }),
    ).resolves.toEqual([]);
  });
});
