import { z } from 'zod';
import { parseImage } from './image-ref.ts';
import { quantity } from './quantity.ts';

const portRef = z.union([z.int().min(1).max(65_535), z.string().min(1)]);
const seconds = (fallback: number): z.ZodDefault<z.ZodNumber> =>
  z.number().min(0).default(fallback);

/** As in a cluster, 0 is what is left out: a probe without a pause would take a core of ours. */
const orDefault = (fallback: number) =>
  seconds(fallback).transform((given) => (given === 0 ? fallback : given));

const probe = z
  .object({
    httpGet: z
      .object({
        path: z.string().default('/'),
        port: portRef,
        scheme: z.enum(['HTTP', 'HTTPS']).default('HTTP'),
        httpHeaders: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
      })
      .optional(),
    tcpSocket: z.object({ port: portRef }).optional(),
    exec: z.object({ command: z.array(z.string()).min(1) }).optional(),
    initialDelaySeconds: seconds(0),
    periodSeconds: orDefault(10),
    timeoutSeconds: orDefault(1),
    successThreshold: z.int().min(1).default(1),
    failureThreshold: z.int().min(1).default(3),
  })
  .refine((one) => one.httpGet ?? one.tcpSocket ?? one.exec, {
    message: 'A probe needs httpGet, tcpSocket or exec here.',
  });

const keyRef = z.object({
  name: z.string(),
  key: z.string(),
  optional: z.boolean().default(false),
});
const sourceRef = z.object({ name: z.string(), optional: z.boolean().default(false) });

const variable = z.object({
  name: z.string().regex(/^[^=\0]+$/),
  value: z.string().optional(),
  valueFrom: z
    .object({
      secretKeyRef: keyRef.optional(),
      configMapKeyRef: keyRef.optional(),
      fieldRef: z.object({ fieldPath: z.string() }).optional(),
    })
    .optional(),
});

export const amount = z.union([z.string(), z.number()]).transform(quantity);

const container = z.object({
  name: z.string().default('app'),
  image: z.string().transform(parseImage),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  workingDir: z.string().default('.'),
  env: z.array(variable).default([]),
  envFrom: z
    .array(
      z.object({
        prefix: z.string().default(''),
        secretRef: sourceRef.optional(),
        configMapRef: sourceRef.optional(),
      }),
    )
    .default([]),
  ports: z
    .array(
      z.object({
        name: z.string().optional(),
        containerPort: z.int().min(1).max(65_535),
        protocol: z.string().default('TCP'),
      }),
    )
    .default([]),
  resources: z.object({ limits: z.record(z.string(), amount).default({}) }).default({ limits: {} }),
  volumeMounts: z
    .array(
      z.object({
        name: z.string(),
        mountPath: z.string().startsWith('/'),
        readOnly: z.boolean().default(false),
        subPath: z.never('The local target mounts whole volumes: leave out subPath.').optional(),
      }),
    )
    .default([]),
  readinessProbe: probe.optional(),
  livenessProbe: probe.optional(),
  startupProbe: probe.optional(),
});

const items = z.array(z.object({ key: z.string(), path: z.string() })).optional();

const volumeOfSource = z
  .object({
    name: z.string().regex(/^[a-z0-9-]{1,63}$/),
    configMap: sourceRef.extend({ items }).optional(),
    secret: z
      .object({ secretName: z.string(), optional: z.boolean().default(false), items })
      .optional(),
    emptyDir: z
      .looseObject({ medium: z.string().default(''), sizeLimit: amount.optional() })
      .optional(),
  })
  .refine((one) => one.configMap ?? one.secret ?? one.emptyDir, {
    message: 'The local target has volumes of configMap, secret and emptyDir.',
  });

/** As in a cluster, a volume that says nothing of where it comes from is an empty folder. */
const volume = z.preprocess(
  (given) => (isNameOnly(given) ? { ...given, emptyDir: {} } : given),
  volumeOfSource,
);

function isNameOnly(given: unknown): given is { name: unknown } {
  return typeof given === 'object' && given !== null && Object.keys(given).join() === 'name';
}

const oneContainer = 'The local target runs one container a pod, without init containers.';

export const podSpecSchema = z.object({
  containers: z.array(container).length(1, oneContainer),
  initContainers: z.array(z.unknown()).max(0, oneContainer).optional(),
  hostNetwork: z.literal(false, 'hostNetwork would leave the sandbox.').optional(),
  hostPID: z.literal(false, 'hostPID would leave the sandbox.').optional(),
  hostIPC: z.literal(false, 'hostIPC would leave the sandbox.').optional(),
  volumes: z.array(volume).default([]),
  restartPolicy: z.enum(['Always', 'OnFailure', 'Never']).optional(),
  terminationGracePeriodSeconds: z.number().min(0).default(30),
});

export const templateSchema = z.object({
  metadata: z
    .object({
      labels: z.record(z.string(), z.string()).default({}),
      annotations: z.record(z.string(), z.string()).default({}),
    })
    .default({ labels: {}, annotations: {} }),
  spec: podSpecSchema,
});

export type PodTemplate = z.infer<typeof templateSchema>;
export type PodSpec = z.infer<typeof podSpecSchema>;
export type Container = z.infer<typeof container>;
export type Probe = z.infer<typeof probe>;
export type Volume = z.infer<typeof volume>;
