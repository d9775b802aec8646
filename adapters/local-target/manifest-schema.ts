import { z } from 'zod';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { DomainError } from '../../contracts/problems.ts';
import { amount, templateSchema, type PodTemplate } from './pod-schema.ts';

const selector = z.record(z.string(), z.string());
const count = z.int().min(0).max(50, 'The local target runs at most 50 replicas of one object.');
const surge = z.union([z.int().min(0), z.string().regex(/^\d+%$/)]);

const deployment = z.object({
  replicas: count.default(1),
  paused: z.boolean().default(false),
  selector: z.object({ matchLabels: selector }),
  template: templateSchema,
  minReadySeconds: z.number().min(0).default(0),
  progressDeadlineSeconds: z.number().min(1).default(600),
  strategy: z
    .object({
      type: z.enum(['RollingUpdate', 'Recreate']).default('RollingUpdate'),
      rollingUpdate: z.object({ maxSurge: surge.default('25%') }).default({ maxSurge: '25%' }),
    })
    .default({ type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } }),
});

const statefulSet = z.object({
  replicas: z.int().min(0).max(1, 'The local target runs one replica of a StatefulSet.').default(1),
  selector: z.object({ matchLabels: selector }),
  template: templateSchema,
  minReadySeconds: z.number().min(0).default(0),
  volumeClaimTemplates: z
    .array(
      z.object({
        metadata: z.object({ name: z.string().regex(/^[a-z0-9-]{1,63}$/) }),
        spec: z
          .object({
            resources: z
              .object({ requests: z.record(z.string(), amount).default({}) })
              .default({ requests: {} }),
          })
          .default({ resources: { requests: {} } }),
      }),
    )
    .default([]),
  persistentVolumeClaimRetentionPolicy: z
    .object({ whenDeleted: z.enum(['Retain', 'Delete']).default('Retain') })
    .default({ whenDeleted: 'Retain' }),
});

const job = z.object({
  template: templateSchema,
  backoffLimit: z.int().min(0).default(6),
  completions: z.literal(1, 'The local target runs a Job once.').default(1),
  parallelism: z.literal(1, 'The local target runs a Job once.').default(1),
  activeDeadlineSeconds: z.number().min(1).optional(),
  suspend: z.boolean().default(false),
});

const service = z.object({
  type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']).default('ClusterIP'),
  selector: selector.default({}),
  ports: z
    .array(
      z.object({
        name: z.string().optional(),
        port: z.int().min(1).max(65_535),
        targetPort: z.union([z.int(), z.string()]).optional(),
        nodePort: z.int().min(1).max(65_535).optional(),
        protocol: z.literal('TCP', 'The local target forwards TCP.').default('TCP'),
      }),
    )
    .min(1),
});

const ingress = z.object({
  rules: z
    .array(
      z.object({
        host: z.string().optional(),
        http: z
          .object({
            paths: z.array(
              z.object({
                path: z.string().default('/'),
                backend: z.object({ service: z.object({ name: z.string() }) }),
              }),
            ),
          })
          .optional(),
      }),
    )
    .default([]),
});

export type DeploymentSpec = z.infer<typeof deployment>;
export type StatefulSetSpec = z.infer<typeof statefulSet>;
export type JobSpec = z.infer<typeof job>;
export type ServiceSpec = z.infer<typeof service>;

/** A manifest as the local target understands it. */
export type Understood =
  | { kind: 'Deployment'; spec: DeploymentSpec }
  | { kind: 'StatefulSet'; spec: StatefulSetSpec }
  | { kind: 'Job'; spec: JobSpec }
  | { kind: 'Service'; spec: ServiceSpec }
  | { kind: 'Ingress'; spec: z.infer<typeof ingress> }
  | { kind: 'ConfigMap'; data: Record<string, string> }
  | { kind: 'Secret'; data: Record<string, string> }
  | { kind: 'Namespace' };

const texts = z.record(z.string(), z.string()).default({});
const name = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const known = 'Deployment, StatefulSet, Job, Service, Ingress, ConfigMap, Secret and Namespace';

/** Reads a manifest. `validation_failed` says where it is wrong, or what this target cannot do. */
export function understand(manifest: Manifest): Understood {
  if (!name.test(manifest.metadata.name)) {
    const shown = JSON.stringify(manifest.metadata.name).slice(0, 100);
    const detail = `${manifest.kind}, /metadata/name: ${shown} must be a DNS name in lower case.`;
    throw new DomainError('validation_failed', detail);
  }
  const spec = manifest['spec'];
  switch (manifest.kind) {
    case 'Deployment':
      return { kind: 'Deployment', spec: matching(read(deployment, spec, manifest)) };
    case 'StatefulSet':
      return { kind: 'StatefulSet', spec: matching(read(statefulSet, spec, manifest)) };
    case 'Job':
      return { kind: 'Job', spec: read(job, spec, manifest) };
    case 'Service':
      return { kind: 'Service', spec: read(service, spec, manifest) };
    case 'Ingress':
      return { kind: 'Ingress', spec: read(ingress, spec, manifest) };
    case 'ConfigMap':
      return { kind: 'ConfigMap', data: read(texts, manifest['data'], manifest) };
    case 'Secret':
      return { kind: 'Secret', data: secretData(manifest) };
    case 'Namespace':
      return { kind: 'Namespace' };
    default:
      throw new DomainError(
        'validation_failed',
        `The local target does not know ${manifest.kind}: it runs ${known}.`,
      );
  }
}

function secretData(manifest: Manifest): Record<string, string> {
  const encoded = read(texts, manifest['data'], manifest);
  const decoded: Record<string, string> = {};
  for (const [key, value] of Object.entries(encoded)) {
    decoded[key] = Buffer.from(value, 'base64').toString('utf8');
  }
  return { ...decoded, ...read(texts, manifest['stringData'], manifest) };
}

function matching<
  T extends { selector: { matchLabels: Record<string, string> }; template: PodTemplate },
>(spec: T): T {
  const { labels } = spec.template.metadata;
  for (const [key, value] of Object.entries(spec.selector.matchLabels)) {
    if (labels[key] === value) continue;
    throw new DomainError(
      'validation_failed',
      `The selector ${key}=${value} does not match the template's labels.`,
    );
  }
  return spec;
}

/** Values are never in the message: a Secret's would be told. */
function read<T>(schema: z.ZodType<T>, value: unknown, manifest: Manifest): T {
  const parsed = schema.safeParse(value ?? undefined);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message, code }) => ({
    pointer: `/${path.join('/')}`,
    detail: message,
    rule: code,
  }));
  const [first] = issues;
  throw new DomainError(
    'validation_failed',
    `${manifest.kind} ${manifest.metadata.name}, ${first?.pointer ?? ''}: ${first?.detail ?? 'not valid'}`,
    { errors: issues },
  );
}
