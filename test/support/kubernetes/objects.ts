import type { Manifest, ObjectRef } from '../../../contracts/deploy/manifest.ts';
import { refOf } from '../../../contracts/deploy/manifest.ts';
import { pauseImage } from './settings.ts';

/** How the container of a test application behaves. */
export type Behaviour = 'serve' | 'crash' | 'never-ready' | 'succeed';

const scripts: Readonly<Record<Behaviour, string>> = {
  serve:
    'mkdir -p /tmp/www; echo "$VERSION" > /tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www',
  crash: 'exit 3',
  'never-ready': 'exec sleep 3600',
  succeed: 'exit 0',
};

function container(behaviour: Behaviour, version: string, image: string) {
  return {
    name: 'app',
    image,
    imagePullPolicy: 'Never',
    command: ['sh', '-c', scripts[behaviour]],
    env: [{ name: 'VERSION', value: version }],
    ...(behaviour === 'succeed' ? {} : { ports: [{ containerPort: 8080 }] }),
    ...(behaviour === 'serve' || behaviour === 'never-ready'
      ? { readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 } }
      : {}),
  };
}

function template(name: string, behaviour: Behaviour, version: string, image: string) {
  return {
    metadata: { labels: { app: name } },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 1,
      ...(behaviour === 'succeed' ? { restartPolicy: 'Never' } : {}),
      containers: [container(behaviour, version, image)],
    },
  };
}

/** A workload of one container: Deployment, StatefulSet, DaemonSet or Job. */
export function workload(
  kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Job',
  name: string,
  behaviour: Behaviour = 'serve',
  { replicas = 1, version = 'v1', image = pauseImage, spec = {} } = {},
): Manifest {
  const pods = template(name, behaviour, version, image);
  if (kind === 'Job') {
    const inJob = { ...pods, spec: { ...pods.spec, restartPolicy: 'Never' } };
    return object('batch/v1', kind, name, { spec: { backoffLimit: 0, template: inJob, ...spec } });
  }
  return object('apps/v1', kind, name, {
    spec: {
      selector: { matchLabels: { app: name } },
      template: pods,
      ...(kind === 'DaemonSet' ? {} : { replicas }),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      ...spec,
    },
  });
}

export function object(
  apiVersion: string,
  kind: string,
  name: string,
  rest: Record<string, unknown> = {},
): Manifest {
  return { apiVersion, kind, metadata: { name }, ...rest };
}

/** The reference of a manifest within a namespace. */
export function refIn(namespace: string, manifest: Manifest): ObjectRef {
  return { ...refOf(manifest), namespace };
}
