import { describe, expect, it } from '@jest/globals';
import { concerns, type Heard } from './event-concerns.ts';

const ids: Readonly<Record<string, string>> = { 'ann/shop': 'prj_shop', 'ann/other': 'prj_other' };
const idOf = (place: string): string | undefined => ids[place];

function heard(type: Heard['type'], rest: Partial<Heard> = {}): Heard {
  return { type, projectId: 'prj_shop', changeId: null, subjectId: null, payload: {}, ...rest };
}

const shown = {
  mergeRequest: [
    'merge-requests/ann/shop/2',
    'merge-requests/ann/shop/2/comments',
    'mergeability/ann/shop/2/',
    'previews/ann/shop/2',
    'pipelines/of/ann/shop/commit/abc',
    'repository/ann/shop/mr/2/abc/diff',
    'projects/ann/shop',
    'access/prj_shop',
    'gates/open',
    'notifications/count',
  ],
};

const concerned = (event: Heard, keys: readonly string[], data?: unknown): string[] =>
  keys.filter((key) => concerns(event, key, { idOfPlace: idOf, data }));

describe('what an event concerns of what a page shows', () => {
  it('is nothing of the page of a merge request when the run is of another project', () => {
    const run = { subjectId: 'run_9', projectId: 'prj_other', payload: { number: 2 } };
    const types = ['pipeline.created', 'pipeline.completed', 'step.started', 'git.pushed'] as const;
    for (const type of [...types, 'artifact.stored', 'deployment.synced', 'mr.updated'] as const) {
      expect(concerned(heard(type, run), shown.mergeRequest)).toEqual([]);
    }
  });

  it('is the run of its step, and no other', () => {
    const step = heard('step.completed', { subjectId: 'stp_1', payload: { pipelineId: 'run_1' } });
    const keys = ['pipelines/run_1', 'pipelines/run_2', 'pipelines/all/'];
    expect(concerned(step, keys)).toEqual(['pipelines/run_1']);
    expect(concerned(heard('pipeline.completed', { subjectId: 'run_1' }), keys)).toEqual([
      'pipelines/run_1',
      'pipelines/all/',
    ]);
  });

  it('is of the lists of Home those that a run which moved can be in', () => {
    const [running, recent, broken] = ['running', 'recent', 'broken'].map(
      (list) => `pipelines/home/${list}`,
    );
    const newest = 'pipelines/home/newest/prj_shop,prj_third';
    const home = [running, recent, broken, newest].map(String);
    const of = (type: Heard['type'], status: string, projectId = 'prj_other') =>
      heard(type, { projectId, payload: { number: 1, status } });
    expect(concerned(of('pipeline.started', ''), home)).toEqual([running]);
    expect(concerned(of('pipeline.started', '', 'prj_shop'), home)).toEqual([running, newest]);
    expect(concerned(of('pipeline.completed', 'success'), home)).toEqual([running, recent]);
    expect(concerned(of('pipeline.completed', 'failure'), home)).toEqual([running, recent, broken]);
    // it may be the one that mends what is shown as broken
    const shown = { items: [{ project: { id: 'prj_other' } }] };
    const mended = concerned(of('pipeline.completed', 'success'), home, shown);
    expect(mended).toEqual([running, recent, broken]);
    const things = ['git.pushed', 'step.started', 'step.completed', 'artifact.stored'] as const;
    for (const type of things) expect(concerned(of(type, ''), home)).toEqual([]);
  });

  it('is every list of runs of its project that have ended when a rollout ended', () => {
    const failed = heard('deployment.failed', { subjectId: 'dep_1' });
    const ended = ['pipelines/home/broken', 'pipelines/all/', 'pipelines/of/ann/shop/'];
    const others = ['pipelines/home/running', 'pipelines/of/ann/other/'];
    expect(concerned(failed, [...ended, ...others])).toEqual(ended);
    expect(concerned(heard('deployment.progressed'), ended)).toEqual([]);
  });

  it('is the merge request with its number', () => {
    const talk = heard('mr.commented', { payload: { number: 2 } });
    expect(concerned(talk, shown.mergeRequest)).toEqual([
      'merge-requests/ann/shop/2',
      'merge-requests/ann/shop/2/comments',
      'mergeability/ann/shop/2/',
      'previews/ann/shop/2',
    ]);
    const lists = ['merge-requests/ann/shop/3', 'merge-requests/ann/shop/list/open/{}'];
    expect(concerned(talk, lists)).toEqual(['merge-requests/ann/shop/list/open/{}']);
  });

  it('is the deployment that it names, its project and the list of all', () => {
    const keys = ['deployments/all', 'deployments/of/ann/shop', 'deployments/dep_1/history'];
    const others = ['deployments/of/ann/other', 'deployments/dep_2'];
    const synced = heard('deployment.synced', { subjectId: 'dep_1' });
    expect(concerned(synced, [...keys, ...others])).toEqual(keys);
    const moved = heard('deployment.progressed', { subjectId: 'dep_1' });
    expect(concerned(moved, [...keys, ...others])).toEqual(['deployments/dep_1/history']);
  });

  it('leaves what hangs on a commit alone, and what no event can change', () => {
    const pushed = heard('git.pushed');
    const fixed = ['repository/ann/shop/mr/2/abc/diff', 'repository/ann/shop/commit/abc'];
    expect(concerned(pushed, [...fixed, 'health', 'manifests/dep_1/3', 'activity'])).toEqual([]);
    expect(concerned(pushed, ['repository/ann/shop/branches'])).toHaveLength(1);
  });

  it('counts a project that the page has not met as the event’s', () => {
    expect(concerned(heard('git.pushed'), ['repository/bob/new/tree/main/'])).toHaveLength(1);
  });

  it('is all of runs and deployments after a repair, of which no other event told', () => {
    const keys = ['pipelines/run_1', 'pipelines/all/', 'deployments/dep_1', 'gates/open'];
    expect(concerned(heard('engine.state_repaired'), keys)).toEqual(keys);
  });
});
