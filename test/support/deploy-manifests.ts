import type { Manifest, ObjectRef } from '../../contracts/deploy/manifest.ts';
import { refOf } from '../../contracts/deploy/manifest.ts';
import type { TargetScope } from '../../contracts/deploy/target.ts';

/** What a container of the test application needs on a target: image, command, work folder. */
export type AppContainer = (script: 'server.js' | 'job.js') => Record<string, unknown>;

export interface WebOptions {
  name?: string;
  replicas?: number;
  env?: unknown[];
  mode?: string;
  spec?: Record<string, unknown>;
  pod?: Record<string, unknown>;
  container?: Record<string, unknown>;
}

/** A Deployment of the test application with a readiness probe. */
export function webDeployment(
  scope: TargetScope,
  app: AppContainer,
  version: string,
  options: WebOptions = {},
): Manifest {
  const { name = 'web', replicas = 1, env = [], mode, spec, pod, container } = options;
  const variables = [{ name: 'VERSION', value: version }, ...env];
  if (mode !== undefined) variables.push({ name: 'MODE', value: mode });
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: scope.namespace },
    spec: {
      replicas,
      progressDeadlineSeconds: 120,
      selector: { matchLabels: { app: name } },
      ...spec,
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 5,
          ...pod,
          containers: [
            {
              name: 'app',
              ...app('server.js'),
              ports: [{ name: 'http', containerPort: 8080 }],
              env: variables,
              readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 },
              ...container,
            },
          ],
        },
      },
    },
  };
}

export function webService(scope: TargetScope, name = 'web'): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: scope.namespace },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  };
}

export interface OnceOptions {
  name?: string;
  version?: string;
  mode?: string;
  backoffLimit?: number;
  graceSeconds?: number;
}

export function onceJob(
  scope: TargetScope,
  app: AppContainer,
  options: OnceOptions = {},
): Manifest {
  const env = [{ name: 'VERSION', value: options.version ?? 'once' }];
  const { graceSeconds: terminationGracePeriodSeconds = 30 } = options;
  const pod = { restartPolicy: 'Never', terminationGracePeriodSeconds };
  if (options.mode !== undefined) env.push({ name: 'MODE', value: options.mode });
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: options.name ?? 'once', namespace: scope.namespace },
    spec: {
      backoffLimit: options.backoffLimit ?? 1,
      template: {
        spec: { ...pod, containers: [{ name: 'app', ...app('job.js'), env }] },
      },
    },
  };
}

export function dataObject(
  scope: TargetScope,
  kind: 'ConfigMap' | 'Secret',
  name: string,
  data: Record<string, string>,
): Manifest {
  const metadata = { name, namespace: scope.namespace };
  return { apiVersion: 'v1', kind, metadata, [kind === 'Secret' ? 'stringData' : 'data']: data };
}

export function ref(manifest: Manifest): ObjectRef {
  return refOf(manifest);
}
