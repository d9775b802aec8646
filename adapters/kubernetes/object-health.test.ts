import { describe, expect, it } from '@jest/globals';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { healthOf } from './object-health.ts';
import { troubleOf } from './pod-trouble.ts';

const now = Date.parse('2026-01-01T00:10:00Z');
const object = (kind: string, spec: object, status: object, metadata: object = {}): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'x', generation: 2, ...metadata },
  spec,
  status,
});
const condition = (type: string, status: string, reason = '', message = '') => ({
  conditions: [{ type, status, reason, message }],
});

describe('healthOf', () => {
  it.each<[string, object, object, string, string]>([
    ['Deployment', {}, {}, 'progressing', 'has not seen it'],
    ['Deployment', {}, { observedGeneration: 1 }, 'progressing', 'has not seen the change'],
    [
      'Deployment',
      { replicas: 3 },
      { observedGeneration: 2, updatedReplicas: 1 },
      'progressing',
      '1 of 3 replicas updated',
    ],
    [
      'Deployment',
      { replicas: 2 },
      { observedGeneration: 2, updatedReplicas: 2, replicas: 3 },
      'progressing',
      '1 old replicas are ending',
    ],
    [
      'Deployment',
      { replicas: 2 },
      { observedGeneration: 2, updatedReplicas: 2, replicas: 2, availableReplicas: 1 },
      'progressing',
      '1 of 2 replicas ready',
    ],
    [
      'Deployment',
      { replicas: 2 },
      { observedGeneration: 2, updatedReplicas: 2, replicas: 2, availableReplicas: 2 },
      'healthy',
      '2 of 2 replicas ready',
    ],
    ['Deployment', { replicas: 0 }, { observedGeneration: 2 }, 'healthy', '0 of 0 replicas ready'],
    ['Deployment', { paused: true }, { observedGeneration: 2 }, 'suspended', 'is paused'],
    [
      'Deployment',
      {},
      {
        observedGeneration: 2,
        ...condition('Progressing', 'False', 'ProgressDeadlineExceeded', 'too late'),
      },
      'degraded',
      'too late',
    ],
    [
      'StatefulSet',
      { replicas: 2 },
      { observedGeneration: 2, updatedReplicas: 1, readyReplicas: 2 },
      'progressing',
      '1 of 2 replicas updated',
    ],
    [
      'StatefulSet',
      { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } },
      { observedGeneration: 2, updatedReplicas: 1, readyReplicas: 3 },
      'healthy',
      '3 of 3 replicas ready',
    ],
    [
      'StatefulSet',
      { replicas: 1, updateStrategy: { type: 'OnDelete' } },
      { observedGeneration: 2, readyReplicas: 1 },
      'healthy',
      '1 of 1',
    ],
    [
      'DaemonSet',
      {},
      {
        observedGeneration: 2,
        desiredNumberScheduled: 2,
        updatedNumberScheduled: 1,
        numberAvailable: 2,
      },
      'progressing',
      '1 of 2 nodes updated',
    ],
    [
      'DaemonSet',
      {},
      {
        observedGeneration: 2,
        desiredNumberScheduled: 2,
        updatedNumberScheduled: 2,
        numberAvailable: 2,
      },
      'healthy',
      'ready on 2 of 2 nodes',
    ],
    ['Job', {}, { active: 1 }, 'progressing', '1 pods at work'],
    ['Job', {}, condition('Failed', 'True', '', 'gave up'), 'degraded', 'gave up'],
    ['Job', {}, condition('Complete', 'True'), 'healthy', 'it completed'],
    ['Job', {}, condition('Suspended', 'True'), 'suspended', 'is suspended'],
    ['CronJob', { suspend: true }, {}, 'suspended', 'is suspended'],
    ['Pod', {}, { phase: 'Failed' }, 'degraded', 'failed'],
    ['Pod', {}, { phase: 'Succeeded' }, 'healthy', 'it completed'],
    ['Pod', {}, { phase: 'Running', ...condition('Ready', 'True') }, 'healthy', 'is ready'],
    ['Pod', {}, { phase: 'Pending' }, 'progressing', 'is starting'],
    ['Service', { type: 'ClusterIP' }, {}, 'healthy', 'is there'],
    ['Service', { type: 'LoadBalancer' }, {}, 'progressing', 'load balancer'],
    [
      'Service',
      { type: 'LoadBalancer' },
      { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } },
      'healthy',
      'is there',
    ],
    [
      'Ingress',
      {},
      { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } },
      'healthy',
      'has an address',
    ],
    ['PersistentVolumeClaim', {}, { phase: 'Bound' }, 'healthy', 'is bound'],
    ['PersistentVolumeClaim', {}, { phase: 'Pending' }, 'progressing', 'waits for a volume'],
    ['PersistentVolumeClaim', {}, { phase: 'Lost' }, 'degraded', 'its volume is lost'],
    ['Certificate', {}, {}, 'healthy', 'is there'],
    ['Certificate', {}, condition('Ready', 'True', '', 'issued'), 'healthy', 'issued'],
    ['Certificate', {}, condition('Ready', 'False', '', 'asks'), 'progressing', 'asks'],
    ['Certificate', {}, condition('Ready', 'Unknown'), 'progressing', 'Ready is Unknown'],
    ['Kustomization', {}, condition('Stalled', 'True', 'BuildFailed'), 'degraded', 'BuildFailed'],
    [
      'Kustomization',
      {},
      { observedGeneration: 1, ...condition('Ready', 'True') },
      'progressing',
      'has not seen',
    ],
    ['CustomResourceDefinition', {}, condition('Established', 'True'), 'healthy', 'Established'],
  ])('reads a %s with %j and %j as %s [A-DEP-07]', (kind, spec, status, expected, message) => {
    const health = healthOf(object(kind, spec, status), now);
    expect(health.status).toBe(expected);
    expect(health.message).toContain(message);
  });

  it('waits a minute for the address of an Ingress, not for ever [A-DEP-07]', () => {
    const since = (creationTimestamp: string) =>
      healthOf(object('Ingress', {}, {}, { creationTimestamp }), now).status;
    expect(since('2026-01-01T00:09:30Z')).toBe('progressing');
    expect(since('2026-01-01T00:08:30Z')).toBe('healthy');
  });

  it('calls nothing healthy that is being deleted [A-DEP-07]', () => {
    const ending = object('Service', {}, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    expect(healthOf(ending, now).status).toBe('progressing');
  });
});

describe('troubleOf', () => {
  const pod = (status: object, metadata: object = {}): Manifest =>
    object('Pod', {}, status, metadata);
  const container = (state: object, restartCount = 0, lastState: object = {}) => ({
    containerStatuses: [{ name: 'app', state, lastState, restartCount, ready: false }],
  });
  const crashed = { terminated: { exitCode: 3 } };

  it('tells the exit code of what keeps crashing, and gives it up at the second restart [A-DEP-07]', () => {
    const waiting = { waiting: { reason: 'CrashLoopBackOff' } };
    expect(troubleOf([pod(container(waiting, 1, crashed))])).toEqual({
      status: 'progressing',
      message: 'x/app exited with code 3 (1 restarts)',
    });
    expect(troubleOf([pod(container(waiting, 2, crashed))])?.status).toBe('degraded');
    expect(troubleOf([pod(container(crashed, 2))])?.status).toBe('degraded');
    expect(troubleOf([pod(container({ running: {} }))])).toBeNull();
  });

  it('gives up an image that cannot be pulled and settings that cannot work, not a pod without a node [A-DEP-07]', () => {
    const waiting = (reason: string) => pod(container({ waiting: { reason, message: 'why' } }));
    expect(troubleOf([waiting('ErrImagePull')])?.status).toBe('progressing');
    expect(troubleOf([waiting('ImagePullBackOff')])).toEqual({
      status: 'degraded',
      message: 'x/app: ImagePullBackOff, why',
    });
    expect(troubleOf([waiting('CreateContainerConfigError')])?.status).toBe('degraded');
    expect(troubleOf([waiting('ContainerCreating')])).toBeNull();
    const unplaced = pod(condition('PodScheduled', 'False', '', '0/1 nodes'));
    expect(troubleOf([unplaced])).toMatchObject({ status: 'progressing' });
    expect(troubleOf([unplaced, waiting('InvalidImageName')])?.status).toBe('degraded');
  });

  it('does not listen to pods that are ending [A-DEP-07]', () => {
    const waiting = { waiting: { reason: 'CrashLoopBackOff' } };
    const ending = pod(container(waiting, 5, crashed), { deletionTimestamp: 'now' });
    expect(troubleOf([ending])).toBeNull();
  });
});
